import * as pulumi from "@pulumi/pulumi";

/** The resources that a program has registered with Pulumi's mocks. */
export class Declarations {
  readonly #resources: pulumi.runtime.MockResourceArgs[] = [];

  /** The names of the registered resources so far. */
  get names(): string[] {
    return this.#resources.map(({ name }) => name);
  }

  /** Waits until a resource is registered and returns its inputs. */
  async inputsOf(resource: pulumi.Resource): Promise<Record<string, unknown>> {
    const urn = await resolved(resource.urn);
    const [name, type] = [urn.split("::").at(-1), urn.split("::").at(-2)?.split("$").at(-1)];
    const found = this.#resources.find((candidate) => candidate.name === name && candidate.type === type);
    return found?.inputs ?? {};
  }

  forget(): void {
    this.#resources.length = 0;
  }

  /** Call once in a file: a component registers its outputs after its test, with the mocks of its creation. */
  async install(): Promise<void> {
    await pulumi.runtime.setMocks({
      newResource: (resource) => {
        this.#resources.push(resource);
        return { id: resource.name, state: resource.inputs };
      },
      call: ({ inputs }) => inputs,
    });
  }
}

export function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}

/** The error that a call throws. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

import { delimiter, join } from "node:path";
import type { Stack } from "./stack.js";

/** Lets the stack's programs use `@pulumi/random` without a download. */
export function useRandomPlugin({ env }: Stack): void {
  env.PATH = [env.PATH, join(import.meta.dirname, "random-plugin")].join(delimiter);
}

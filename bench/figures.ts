import type { Contender, Operation, Scenario } from "./options.ts";
import { type Measurement, NYLAS_LIMIT } from "./run.ts";

/** What to look up in the measurements. */
export interface Selection {
  scenario: Scenario;
  size: number;
  contender: Contender;
  operation: Operation;
}

export interface Ratio {
  median: number;
  /** Half of the distance between the smallest and the largest: what repetitions alone make of it. */
  spread: number;
}

/** Milliseconds from the start of a provider's process to its first answer, in the order of the repetitions. */
export type FirstAnswers = ReadonlyMap<Contender, readonly number[]>;

/** Everything that was measured, and what follows from it. Undefined is whatever was not. */
export class Figures {
  readonly #measurements: readonly Measurement[];
  readonly #firstAnswers: FirstAnswers;
  readonly #parallel: number;

  constructor(measurements: readonly Measurement[], firstAnswers: FirstAnswers, parallel: number) {
    this.#measurements = measurements;
    this.#firstAnswers = firstAnswers;
    this.#parallel = parallel;
  }

  /** The median of the repetitions. */
  median(selection: Selection, figure: (measurement: Measurement) => number | undefined): number | undefined {
    return median(this.#of(selection).flatMap((measurement) => figure(measurement) ?? []));
  }

  seconds(selection: Selection): number | undefined {
    return this.median(selection, ({ seconds }) => seconds);
  }

  /** Of the ratios within each repetition, whose runs were next to each other. */
  ratio(
    selection: Omit<Selection, "contender">,
    over: Contender,
    under: Contender,
    figure: (measurement: Measurement) => number | undefined = ({ seconds }) => seconds,
  ): Ratio | undefined {
    const below = this.#of({ ...selection, contender: under });
    const ratios = this.#of({ ...selection, contender: over }).flatMap((measurement) => {
      const other = below.find(({ repetition }) => repetition === measurement.repetition);
      const [dividend, divisor] = [figure(measurement), other === undefined ? undefined : figure(other)];
      return dividend === undefined || divisor === undefined ? [] : [dividend / divisor];
    });
    const middle = median(ratios);
    return middle === undefined
      ? undefined
      : { median: middle, spread: (Math.max(...ratios) - Math.min(...ratios)) / 2 };
  }

  /**
   * The seconds that the requests of an operation take at least: at Nylas's limit, or one answer after the other in as many
   * places as the engine has, whichever is more.
   */
  limit(selection: Selection): number | undefined {
    return this.median(selection, ({ scenario, requests, answerSeconds }) =>
      Math.max(scenario === "nylas" ? requests / NYLAS_LIMIT : 0, answerSeconds / this.#parallel),
    );
  }

  firstAnswer(contender: Contender): number | undefined {
    return median(this.#firstAnswers.get(contender) ?? []);
  }

  /** Median of the milliseconds by which ours comes later than the provider that does nothing. */
  firstAnswerOverFloor(): number | undefined {
    const floor = this.#firstAnswers.get("floor") ?? [];
    const ours = this.#firstAnswers.get("ours") ?? [];
    return median(ours.map((ms, index) => ms - (floor[index] ?? Number.NaN)));
  }

  #of({ scenario, size, contender, operation }: Selection): Measurement[] {
    return this.#measurements.filter(
      (one) =>
        one.scenario === scenario && one.size === size && one.contender === contender && one.operation === operation,
    );
  }
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((left, right) => left - right);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

import { AsyncLocalStorage } from "node:async_hooks";

interface Offset {
  ms: number;
}

/** The clock of the provider's machine. Nylas, which runs in the same process here, keeps the right one. */
const offset = new AsyncLocalStorage<Offset>();
const rightTime = Date.now.bind(Date);

/** Calls that are made inside `onClock` read a clock that may be set; the clock of everything else is right. */
export function installOddClock(): () => void {
  Date.now = () => rightTime() + (offset.getStore()?.ms ?? 0);
  return () => {
    Date.now = rightTime;
  };
}

export function onClock<T>(clock: Offset, call: () => Promise<T>): Promise<T> {
  return offset.run(clock, call);
}

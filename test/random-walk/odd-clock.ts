import { AsyncLocalStorage } from "node:async_hooks";

interface Offset {
  ms: number;
}

/** The clock of the provider's machine. The emulator in the same process keeps the real time. */
const offset = new AsyncLocalStorage<Offset>();
const rightTime = Date.now.bind(Date);

/** Calls inside `onClock` read this clock; all other code reads the real time. */
export function installOddClock(): () => void {
  Date.now = () => rightTime() + (offset.getStore()?.ms ?? 0);
  return () => {
    Date.now = rightTime;
  };
}

export function onClock<T>(clock: Offset, call: () => Promise<T>): Promise<T> {
  return offset.run(clock, call);
}

import * as pulumi from "@pulumi/pulumi";

/** What has passed in each run of a program, by the stack's resource: with the Automation API one process runs several. */
const passed = new WeakMap<pulumi.Resource, Set<unknown>>();

/** Runs a check with the same result for all resources of a run until it passes. Without a stack, as in unit tests, it runs each time. */
export function onceInRun(subject: unknown, check: () => void): void {
  const stack = pulumi.runtime.getStackResource();
  const subjects = (stack && passed.get(stack)) ?? new Set();
  if (subjects.has(subject)) return;
  check();
  if (stack !== undefined) passed.set(stack, subjects.add(subject));
}

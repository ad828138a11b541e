/** What the engine loads is bundled from what `tsc -b` has compiled, perhaps since the last set-up. */
export async function setup(): Promise<void> {
  await import("../../scripts/bundle.mjs");
  await import("../../scripts/build-plugin.mjs");
}

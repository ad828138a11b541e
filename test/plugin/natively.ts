import type { EmulatorOptions } from "nylas-emulator";
import { World } from "../engine/world.js";

/** A world whose programs use the native host, with what must hold after every scenario. */
export async function natively(run: (world: World) => Promise<void>, emulator?: EmulatorOptions): Promise<void> {
  const world = await World.open(emulator, "native");
  try {
    await run(world);
    await world.check();
  } finally {
    await world.close();
  }
}

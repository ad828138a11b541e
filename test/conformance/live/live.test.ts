import { afterAll, beforeAll, describe, it } from "vitest";
import { readLiveConfig } from "./live-config.js";
import { LIVE, LiveRun } from "./live-run.js";

const config = readLiveConfig(process.env);

describe.skipIf(config === undefined)(
  "Nylas itself (with NYLAS_LIVE_API_KEY and a mailbox, see emulator/docs/nylas-answers.md)",
  () => {
    let run: LiveRun | undefined;

    beforeAll(async () => {
      if (config !== undefined) run = await LiveRun.begin(config);
    });

    it.for(LIVE)("$endpoint, $situation", async (expectation, { skip }) => {
      const reason = await run?.play(expectation);
      if (reason !== undefined) skip(reason);
    });

    afterAll(async () => {
      try {
        await run?.cleanUp();
      } finally {
        console.log(run?.lines().join("\n"));
      }
    });
  },
);

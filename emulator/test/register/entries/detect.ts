import { ABSENT, THE_ADDRESS } from "../answer.js";
import type { Expectation } from "../expectation.js";
import { BAD_REQUEST, ok } from "../refusals.js";
import { DETECT_PROVIDER, ERRORS } from "../sources.js";

const DETECT = "POST /v3/providers/detect";

/** Nylas allows twenty of these a minute. */
export const detect: readonly Expectation[] = [
  {
    endpoint: DETECT,
    situation: "an address at Google",
    given: "anything",
    answer: ok({ "data.detected": true, "data.provider": "google", "data.email_address": "somebody@gmail.com" }),
    source: [DETECT_PROVIDER],
    standing: "confirmed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/providers/detect?email=somebody%40gmail.com&all_provider_types=true"),
  },
  {
    endpoint: DETECT,
    situation: "an address of an unregistered domain",
    given: "anything",
    answer: ok({ "data.detected": false, "data.provider": ABSENT }),
    source: [DETECT_PROVIDER],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/providers/detect?email=somebody%40nobody.invalid"),
  },
  {
    endpoint: DETECT,
    situation: "an address of the embedded mail servers",
    given: "anything",
    answer: ok({ "data.email_address": THE_ADDRESS, "data.detected": true, "data.provider": "imap" }),
    source: [DETECT_PROVIDER],
    standing: "assumed",
    live: { no: "only the emulator knows these servers" },
    play: ({ call, mailbox }) => call("POST", `/v3/providers/detect?email=${encodeURIComponent(mailbox.username)}`),
  },
  {
    endpoint: DETECT,
    situation: "no address",
    given: "anything",
    answer: BAD_REQUEST,
    source: [DETECT_PROVIDER, ERRORS],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/providers/detect"),
  },
];

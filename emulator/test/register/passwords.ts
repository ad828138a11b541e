import type { Answer } from "./answer.js";
import type { Place } from "./expectation.js";

/** Changes the mailbox's password at the mail server while the expectation is played. */
export async function withOtherPassword(
  place: Place,
  play: () => Promise<Answer>,
  other = "changed-at-the-server",
): Promise<Answer> {
  const { username, password } = place.mailbox;
  const path = `mailboxes/${encodeURIComponent(username)}`;
  await place.control("PUT", path, { password: other });
  try {
    return await play();
  } finally {
    await place.control("PUT", path, { password });
  }
}

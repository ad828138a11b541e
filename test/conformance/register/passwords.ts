import type { Answer } from "./answer.js";
import type { Place } from "./expectation.js";

/** The mailbox's password is another one at the mail server, for the time of the play. */
export async function withOtherPassword(place: Place, play: () => Promise<Answer>): Promise<Answer> {
  const { username, password } = place.mailbox;
  const path = `mailboxes/${encodeURIComponent(username)}`;
  await place.control("PUT", path, { password: "changed-at-the-server" });
  try {
    return await play();
  } finally {
    await place.control("PUT", path, { password });
  }
}

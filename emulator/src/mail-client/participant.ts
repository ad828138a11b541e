/** A sender or recipient of a message. */
export interface Participant {
  name?: string;
  email: string;
}

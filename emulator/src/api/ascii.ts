const ASCII = /^[\0-\x7f]*$/;

/** Nylas neither authenticates with another password nor sends to another address. */
export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

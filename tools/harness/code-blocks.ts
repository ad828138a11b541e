/** The fenced code blocks of a language in a page of Markdown. */
export function codeBlocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, of, text = ""]) => (of === language ? [text] : []));
}

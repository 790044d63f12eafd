/** Have the browser keep a file that the page has made or been sent. */
export function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  // Not at once: some browsers begin to read it later.
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, 60_000);
}

/** Have the browser keep something as a file, under a name of ours. */
export function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has begun by then; it holds on to what it needs.
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, 1000);
}

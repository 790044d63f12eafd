import { components as text } from "@/text/components";
import { toast } from "./toast";

/** Put a text on the clipboard; where the browser refuses, show it so that it can be taken by hand. Returns whether it was copied. */
export async function copy(value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    toast(text.copyByHand(value));
    return false;
  }
}

/**
 * Put a text on the clipboard that is on its way. Safari lets pages copy only within the press of a key or button, so the
 * clipboard gets the promise, not the text.
 */
export async function copyLater(value: Promise<string>): Promise<boolean> {
  const blob = value.then((said) => new Blob([said], { type: "text/plain" }));
  // Whoever waits for the text hears of its failure; here nobody may be left to.
  blob.catch(() => undefined);
  try {
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    return true;
  } catch {
    // It may take no promises, or nothing at all: the simple way says which.
    return copy(await value);
  }
}

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

import { components as text } from "@/text/components";

/** What somebody is called: by name, else by address; guests have neither. */
export function called({ name, email }: { readonly name?: string | null; readonly email: string | null }): string {
  const chosen = name === "" ? null : name;
  return chosen ?? email ?? text.guest;
}

import { useUser } from "@/api/session";
import { account as text } from "@/text/account";

/** For password managers, which want to know whose password a form asks for. */
export function Username() {
  return <input type="email" autoComplete="username" aria-label={text.profile.email} value={useUser().email ?? ""} readOnly hidden />;
}

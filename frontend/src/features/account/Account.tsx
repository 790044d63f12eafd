import { Link } from "@tanstack/react-router";
import { useUser } from "@/api/session";
import { PageHeader } from "@/components/PageHeader";
import { account as text } from "@/text/account";
import { ChangeEmail } from "./ChangeEmail";
import { ChangePassword } from "./ChangePassword";
import { Erase } from "./Erase";
import { Export } from "./Export";
import { Identities } from "./Identities";
import { Passkeys } from "./Passkeys";
import { Profile } from "./Profile";
import { RecoveryCodes } from "./RecoveryCodes";
import { Sessions } from "./Sessions";
import { type Tab, TABS } from "./tabs";
import { Totp } from "./Totp";

/** All that is somebody's own, in parts that have addresses. Guests have no password yet that most of it would ask for. */
export function Account({ tab }: { tab: Tab }) {
  const guest = !useUser().email;
  return (
    <>
      <PageHeader title={text.title} />
      <nav aria-label={text.title} className="border-line mb-5 flex gap-1 overflow-x-auto border-b">
        {TABS.filter((name) => !guest || name !== "security").map((name) => (
          <Link
            key={name}
            to="/account"
            search={name === "profile" ? {} : { tab: name }}
            aria-current={name === tab ? "page" : undefined}
            className={`-mb-px border-b-2 px-3 py-2 font-medium whitespace-nowrap -outline-offset-2 ${name === tab ? "border-accent" : "text-muted hover:text-ink border-transparent"}`}
          >
            {text.tabs[name]}
          </Link>
        ))}
      </nav>
      <div className="max-w-3xl space-y-5">
        {tab === "profile" && (
          <>
            <Profile />
            {!guest && <ChangeEmail />}
          </>
        )}
        {tab === "security" && !guest && (
          <>
            <ChangePassword />
            <Totp />
            <Passkeys />
            <RecoveryCodes />
            <Identities />
          </>
        )}
        {tab === "sessions" && <Sessions />}
        {tab === "data" && (
          <>
            <Export />
            {!guest && <Erase />}
          </>
        )}
      </div>
    </>
  );
}

import {
  postAdminUsersByUserIdDemote,
  postAdminUsersByUserIdDisable,
  postAdminUsersByUserIdEnable,
  postAdminUsersByUserIdPromote,
  postAdminUsersByUserIdSignOut,
  postAdminUsersByUserIdVerify,
  type WholeAccount,
} from "@/api/generated";
import { called } from "@/lib/person";
import { admin } from "@/text/admin";
import type { Wish } from "./Act";

const text = admin.users;

/** What can be done about an account as it is. Nobody can shut themselves out, so that an administrator is left. */
export function wishes(account: WholeAccount, self: boolean): Wish[] {
  const path = { user_id: account.id };
  const name = called(account);
  const verify: Wish = {
    title: text.verifyTitle(called(account)),
    action: text.verify,
    hint: text.verifyHint,
    danger: false,
    run: () => postAdminUsersByUserIdVerify({ path }),
  };
  const signOut: Wish = {
    title: text.signOutTitle(name),
    action: text.signOut,
    hint: text.signOutHint,
    danger: false,
    run: () => postAdminUsersByUserIdSignOut({ path }),
  };
  const promote: Wish = {
    title: text.promoteTitle(name),
    action: text.promote,
    hint: text.promoteHint,
    asks: "password",
    run: (password) => postAdminUsersByUserIdPromote({ path, body: { password } }),
  };
  const demote: Wish = {
    title: text.demoteTitle(name),
    action: text.demote,
    hint: text.demoteHint,
    asks: "password",
    run: (password) => postAdminUsersByUserIdDemote({ path, body: { password } }),
  };
  const enable: Wish = {
    title: text.enableTitle(name),
    action: text.enable,
    hint: text.enableHint,
    danger: false,
    run: () => postAdminUsersByUserIdEnable({ path }),
  };
  const disable: Wish = {
    title: text.disableTitle(name),
    action: text.disable,
    hint: text.disableHint,
    asks: "reason",
    links: true,
    run: (reason, links) => postAdminUsersByUserIdDisable({ path, body: { reason: reason.trim() || null, links: links ? "block" : "keep" } }),
  };
  return [
    ...(account.email_verified_at === null ? [verify] : []),
    signOut,
    ...(self ? [] : [account.is_admin ? demote : promote, account.disabled_at === null ? disable : enable]),
  ];
}

import { ChartColumn, CircleHelp, FileUp, Globe, KeyRound, Link2, type LucideIcon, Settings, ShieldCheck, Tag, Users, Webhook } from "lucide-react";
import { shell as text } from "@/text/shell";

export interface Place {
  to: "/links" | "/analytics" | "/orphans" | "/tags" | "/domains" | "/data" | "/keys" | "/webhooks" | "/members" | "/settings" | "/admin";
  label: string;
  icon: LucideIcon;
}

/** Where one can go, for the navigation and the commands alike. */
export const daily: readonly Place[] = [
  { to: "/links", label: text.links, icon: Link2 },
  { to: "/analytics", label: text.analytics, icon: ChartColumn },
  { to: "/orphans", label: text.orphans, icon: CircleHelp },
  { to: "/tags", label: text.tags, icon: Tag },
];
export const setUp: readonly Place[] = [
  { to: "/domains", label: text.domains, icon: Globe },
  { to: "/data", label: text.data, icon: FileUp },
  { to: "/keys", label: text.keys, icon: KeyRound },
  { to: "/webhooks", label: text.webhooks, icon: Webhook },
  { to: "/members", label: text.members, icon: Users },
  { to: "/settings", label: text.settings, icon: Settings },
];
export const administration: Place = { to: "/admin", label: text.admin, icon: ShieldCheck };

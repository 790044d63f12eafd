import { language } from "@/lib/language";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** An amount of data, by powers of a thousand: "1.2 MB". */
export function bytes(amount: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, amount)) / 3));
  const format = new Intl.NumberFormat(language === "de" ? "de-DE" : "en-GB", { style: "unit", unit: UNITS[power], unitDisplay: "short", maximumFractionDigits: 1 });
  return format.format(amount / 1000 ** power);
}

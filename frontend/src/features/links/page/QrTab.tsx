import { Download } from "lucide-react";
import { useState } from "react";
import type { LinkOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Failed } from "@/components/Failed";
import { Field } from "@/components/Field";
import { SelectField } from "@/components/SelectField";
import { TextField } from "@/components/TextField";
import { useSettled } from "@/lib/debounce";
import { download } from "@/lib/download";
import { bare } from "@/lib/format";
import { toast } from "@/lib/toast";
import { link as text } from "@/text/link";
import { draw, type QrLook, useQrPicture } from "./useQrPicture";

const USUAL: QrLook = { size: 512, margin: 4, ecc: "M", fg: "#000000", bg: "#ffffff" };
const PAUSE = 250;
const CORRECTIONS = ["L", "M", "Q", "H"] as const;

/** The link's code, as it is to be printed. */
export function QrTab({ link }: { link: LinkOut }) {
  const [look, setLook] = useState(USUAL);
  const [logo, setLogo] = useState<File | null>(null);
  const settled = useSettled(look, PAUSE);
  const { url, error, refetch, isPlaceholderData } = useQrPicture(link.id, settled, logo);
  const name = link.slug.replaceAll("/", "-");
  const set = (change: Partial<QrLook>) => {
    setLook({ ...look, ...change });
  };
  const fields = error ? problem(error).fields : {};

  async function save(format: "svg" | "png") {
    try {
      download(await draw(link.id, look, format, logo), `${name}.${format}`);
    } catch (failed) {
      toast(problem(failed).message, { kind: "danger" });
    }
  }
  async function copyPicture() {
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": draw(link.id, look, "png", logo) })]);
      toast(text.qr.copied);
    } catch {
      toast(text.qr.copyRefused, { kind: "danger" });
    }
  }
  return (
    <div className="grid gap-6 md:grid-cols-[minmax(0,22rem)_minmax(0,1fr)]">
      <div className="space-y-3">
        {error && Object.keys(fields).length === 0 && <Failed error={error} reset={() => void refetch()} />}
        <div className="card aspect-square p-3">
          {url ? <img src={url} alt={text.qr.of(bare(link.short_url))} className={`size-full rounded-lg ${isPlaceholderData ? "opacity-60" : ""}`} /> : <div className="skeleton size-full" />}
        </div>
        <div className="grid grid-cols-2 gap-2">
          <Button look="primary" onClick={() => void save("svg")}>
            <Download aria-hidden size={15} />
            {text.qr.download("SVG")}
          </Button>
          <Button look="primary" onClick={() => void save("png")}>
            <Download aria-hidden size={15} />
            {text.qr.download("PNG")}
          </Button>
          <Button className="col-span-2" onClick={() => void copyPicture()}>
            {text.qr.copy}
          </Button>
        </div>
        <p className="text-muted text-xs">{text.qr.counted}</p>
      </div>
      <div className="max-w-md space-y-4">
        <div className="grid grid-cols-2 gap-4">
          <TextField label={text.qr.size} error={fields.size} type="number" min={64} max={4096} value={look.size} onChange={(event) => { set({ size: event.target.valueAsNumber || USUAL.size }); }} />
          <TextField label={text.qr.margin} error={fields.margin} type="number" min={0} max={16} value={look.margin} onChange={(event) => { set({ margin: event.target.valueAsNumber || 0 }); }} />
          <TextField label={text.qr.foreground} error={fields.fg} type="color" className="p-1" value={look.fg} onChange={(event) => { set({ fg: event.target.value }); }} />
          <TextField label={text.qr.background} error={fields.bg} type="color" className="p-1" value={look.bg} onChange={(event) => { set({ bg: event.target.value }); }} />
        </div>
        {look.margin < USUAL.margin && <p className="text-warn text-xs">{text.qr.marginHint}</p>}
        <SelectField label={text.qr.correction} disabled={logo !== null} value={logo ? "H" : look.ecc} onChange={(event) => { set({ ecc: CORRECTIONS.find((one) => one === event.target.value) ?? "M" }); }}>
          {CORRECTIONS.map((one) => (
            <option key={one} value={one}>
              {text.qr.corrections[one]}
            </option>
          ))}
        </SelectField>
        <Field label={text.qr.logo} hint={text.qr.logoHint}>
          {(parts) => (
            <div className="flex flex-wrap items-center gap-2">
              <input
                {...parts}
                key={logo ? logo.name : ""}
                type="file"
                accept="image/png,image/jpeg"
                className="file:bg-raised file:border-line-strong w-full min-w-0 flex-1 text-xs file:mr-3 file:h-8 file:rounded-lg file:border file:px-3 file:font-medium"
                onChange={(event) => {
                  setLogo(event.target.files?.[0] ?? logo);
                }}
              />
              {logo && (
                <>
                  <span className="text-muted max-w-40 truncate text-xs">{logo.name}</span>
                  <Button
                    size="small"
                    onClick={() => {
                      setLogo(null);
                    }}
                  >
                    {text.qr.removeLogo}
                  </Button>
                </>
              )}
            </div>
          )}
        </Field>
      </div>
    </div>
  );
}

import { useState } from "react";
import type { LinkOut } from "@/api/generated";
import { useMay } from "@/api/may";
import { Notice } from "@/components/Notice";
import { PageSkeleton } from "@/components/PageSkeleton";
import { builder as text } from "@/text/builder";
import { Builder } from "./Builder";
import { blank } from "./fields";
import { Made } from "./Made";
import { useDefaults } from "./useDefaults";

/** One paste and one key make a link; everything else is there for whoever wants it. */
export function NewLink({ target, onAnother }: { target: string | undefined; onAnother: () => void }) {
  const defaults = useDefaults();
  const mayWrite = useMay("links:write");
  const [made, setMade] = useState<{ link: LinkOut; copied: boolean; target: string | undefined } | null>(null);
  if (!defaults) return <PageSkeleton />;
  if (!mayWrite) return <Notice>{text.mayNot}</Notice>;
  // An address that is pasted where a link was just made begins the next one.
  if (made && made.target === target)
    return (
      <Made
        link={made.link}
        copied={made.copied}
        onAnother={() => {
          setMade(null);
          onAnother();
        }}
      />
    );
  return (
    <Builder
      key={target}
      base={blank(defaults.links)}
      target={target}
      defaultDomain={defaults.domain}
      onMade={(link, copied) => {
        setMade({ link, copied, target });
      }}
    />
  );
}

import { Share2 } from "lucide-react";
import { lazy, Suspense } from "react";
import { useRole } from "@/api/role";
import { Button } from "@/components/Button";
import { analytics as text } from "@/text/analytics";
import { useGo } from "./useGo";
import { useView } from "./view";

const ShareDialog = lazy(async () => ({ default: (await import("./ShareDialog")).ShareDialog }));

/** Opens what a link's numbers are shared by; viewers can't. */
export function ShareButton({ link }: { link: number }) {
  const { search } = useView();
  const role = useRole();
  const go = useGo();
  if (role === undefined || role === "viewer") return null;
  return (
    <>
      <Button
        onClick={() => {
          go({ share: true });
        }}
      >
        <Share2 aria-hidden size={16} />
        {text.share.open}
      </Button>
      {search.share && (
        <Suspense>
          <ShareDialog
            link={link}
            onClose={() => {
              go({ share: undefined });
            }}
          />
        </Suspense>
      )}
    </>
  );
}

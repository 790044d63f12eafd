import { ImageIcon } from "lucide-react";
import { builder as text } from "@/text/builder";

export type CardLook = "large" | "small" | "message";

export interface Card {
  host: string;
  title: string;
  description: string;
  image: string;
}

const imageHost = (image: string) => URL.parse(image)?.hostname ?? image;

/** What stands for the picture: other sites' pictures are not loaded here, as that would tell them of the link. */
function Picture({ image, className }: { image: string; className: string }) {
  return (
    <div className={`bg-raised text-muted flex flex-col items-center justify-center gap-1 overflow-hidden p-2 text-center text-xs ${className}`}>
      <ImageIcon aria-hidden size={22} />
      {image && <span className="max-w-full truncate">{text.pictureOf(imageHost(image))}</span>}
    </div>
  );
}

/** The link as networks and chats show it. */
export function SocialCard({ card, look }: { card: Card; look: CardLook }) {
  const words = (
    <div className="min-w-0 p-3">
      <p className="text-muted truncate text-xs">{card.host}</p>
      <p className="line-clamp-2 font-semibold break-words">{card.title || text.cardTitle}</p>
      {card.description && <p className="text-muted line-clamp-2 text-xs break-words">{card.description}</p>}
    </div>
  );
  if (look === "small")
    return (
      <div className="border-line flex overflow-hidden rounded-xl border">
        <Picture image={card.image} className="w-24 shrink-0" />
        {words}
      </div>
    );
  if (look === "message")
    return (
      <div className="bg-accent-soft ml-auto w-[85%] rounded-2xl rounded-br-sm p-1.5">
        <div className="bg-card border-accent rounded-lg rounded-b-md border-l-4">{words}</div>
        <p className="text-accent px-2 pt-1.5 pb-1 text-xs break-all underline">{card.host}</p>
      </div>
    );
  return (
    <div className="border-line overflow-hidden rounded-xl border">
      <Picture image={card.image} className="aspect-[1.91/1] w-full" />
      <div className="border-line border-t">{words}</div>
    </div>
  );
}

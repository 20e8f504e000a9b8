/** The frame that keeps a student's worker: no origin, no network, and nothing of the page within its reach. */
import type { FrameEnd } from '../../grader/sandbox/page/sandbox.ts';

/** What the frame does: it makes a worker of the text it is sent, and hands on the port. */
const PROGRAM = `onmessage=(e)=>{if(e.source!==parent)return;onmessage=null;let w,say=(m)=>parent.postMessage(m,'*');
try{w=new Worker(URL.createObjectURL(new Blob([e.data.script],{type:'text/javascript'})));
w.onerror=(x)=>{x.preventDefault();say({frame:e.data.id,syntax:{message:x.message||'',line:x.lineno||0,column:x.colno||0}})};
w.postMessage(0,[e.ports[0]])}catch(x){say({frame:e.data.id,detail:String(x)})}}`;

/** The policy: the frame's own script by its nonce, workers out of text, and nothing else in the world. */
const page = (nonce: string) =>
  `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'; worker-src blob:"><script nonce="${nonce}">${PROGRAM}</script>`;

/** Opens a frame with a worker that runs a script and answers on the port. */
export function openFrame(script: string, port: MessagePort): { ended: Promise<FrameEnd>; close: () => void } {
  const id = crypto.randomUUID();
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-scripts');
  frame.setAttribute('aria-hidden', 'true');
  frame.tabIndex = -1;
  frame.hidden = true;
  frame.srcdoc = page(id);
  let hear: (event: MessageEvent) => void = () => undefined;
  const ended = new Promise<FrameEnd>((resolve) => {
    hear = ({ source, data }: MessageEvent) => {
      const said = data as { frame?: unknown; syntax?: FrameEnd['syntax']; detail?: string } | null;
      // Only this very frame, and only with the name it was given.
      if (source !== frame.contentWindow || said?.frame !== id) return;
      resolve({ detail: String(said.detail ?? 'the worker failed'), ...(said.syntax && { syntax: said.syntax }) });
    };
  });
  addEventListener('message', hear);
  frame.addEventListener('load', () => frame.contentWindow?.postMessage({ id, script }, '*', [port]), { once: true });
  document.body.append(frame);
  return {
    ended,
    close: () => {
      removeEventListener('message', hear);
      frame.remove();
    },
  };
}

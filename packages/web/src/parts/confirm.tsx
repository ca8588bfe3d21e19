// A button for what has consequences: it says first what will happen. Enter on what has the focus goes back, as Esc does;
// the focus returns to the button afterwards, as dialogs of the browser do by themselves.
import { type ReactNode, useId, useRef, useState } from "react";

interface Props {
  /** Of the button. */
  readonly label: string;
  /** Name of what it is done to: the button that does it says both, as "Cancel" alone might mean the dialog. */
  readonly what: string;
  /** Why it cannot be done; "" where it can. */
  readonly refused: string;
  readonly act: () => Promise<unknown>;
  /** What will happen. */
  readonly children: ReactNode;
}

export function Confirm({ act, children, label, refused, what }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const textId = useId();
  const [isBusy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const close = () => dialog.current?.close();
  const confirm = async () => {
    if (isBusy) return;
    setBusy(true);
    setWrong("");
    try {
      await act();
      close();
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
      // Who has gone back meanwhile has to know, too.
      if (dialog.current && !dialog.current.open) dialog.current.showModal();
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button
        type="button"
        disabled={refused !== ""}
        title={refused || undefined}
        onClick={() => dialog.current?.showModal()}
      >
        {label}
      </button>
      <dialog ref={dialog} aria-labelledby={titleId} aria-describedby={textId} onClose={() => setWrong("")}>
        <h2 id={titleId}>
          {label} {what}?
        </h2>
        <div id={textId}>{children}</div>
        {wrong !== "" && (
          <p className="wrong" role="alert">
            {wrong}
          </p>
        )}
        <p className="buttons">
          <button type="button" onClick={close}>
            Go back
          </button>
          <button type="button" className="main" aria-disabled={isBusy} onClick={confirm}>
            {isBusy ? "Asking the service …" : `${label} ${what}`}
          </button>
        </p>
      </dialog>
    </>
  );
}

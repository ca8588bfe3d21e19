// Entry of the dashboard: wiring only.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startListening } from "./live/index.ts";
import { Shell } from "./shell/shell.tsx";
import { applyTheme, chosenTheme } from "./theme.ts";
import { takeToken } from "./token.ts";

applyTheme(chosenTheme());
takeToken();
window.addEventListener("hashchange", () => {
  if (takeToken()) startListening();
});
startListening();

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Shell />
  </StrictMode>,
);

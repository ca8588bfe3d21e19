// Entry of the dashboard: wiring only.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./views/app.tsx";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

// A page that ends in an error of its own keeps the others usable, and says what happened.
import { Component, type ReactNode } from "react";

interface Props {
  readonly children: ReactNode;
}

export class Failed extends Component<Props, { readonly error?: Error }> {
  override state: { readonly error?: Error } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="banner" role="alert">
        <p>
          <strong>This page could not be drawn.</strong> Reload it; if that does not help, tell us what it
          says:
        </p>
        <p className="small">
          <code>{error.message}</code>
        </p>
      </div>
    );
  }
}

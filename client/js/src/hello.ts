/** A model as the server describes it. */
export interface ModelInfo {
  name: string;
  version: string;
  task: 'classification' | 'regression';
  /** How many features a row has. */
  features: number;
  /** Classes in the order of scores; empty for a regression. */
  classes: string[];
}

/** The server's greeting, as it stands on the wire. */
export interface Hello {
  type: 'hello';
  session: string;
  /** The default comes first. */
  models: ModelInfo[];
  limits: {
    /** Rows that this connection may have in flight. */
    window: number;
    /** Rows in one request. */
    max_rows: number;
    /** Bytes in one message. */
    max_bytes: number;
  };
}

/** What the server tells that answers no request, as it stands on the wire. */
export interface Notice {
  type: 'notice';
  /** `going_away`, `token_expiring`, `model_updated`, `alert`, or one of a newer server. */
  code: string;
  message: string;
}

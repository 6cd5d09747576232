// What a decision says: yes or no, and why. The reason is for the audit trail and for who may ask for
// it; a refused caller never hears it.

export interface Decision {
  readonly allowed: boolean;
  readonly because: string;
}

export const allowed = (because: string): Decision => ({ allowed: true, because });
export const refused = (because: string): Decision => ({ allowed: false, because });

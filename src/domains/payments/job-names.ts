/** By which tasks name them, for ever. */
export const SEND_INVOICE = 'payment_invoice';
export const CHARGE_INVOICE = 'payment_charge';
export const VOID_INVOICE = 'payment_void';
export const SEND_REFUND = 'payment_refund';
export const KEEP_CUSTOMER = 'payment_customer';
export const FOLLOW = 'payment_follow';
export const CATCH_UP = 'payment_catch_up';
export const RECONCILE = 'payment_reconciliation';

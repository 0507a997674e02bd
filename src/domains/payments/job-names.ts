/** By which tasks name them, for ever. */
export const SEND_INVOICE = 'payment_invoice';
export const CHARGE_INVOICE = 'payment_charge';
export const VOID_INVOICE = 'payment_void';
export const SEND_REFUND = 'payment_refund';
export const KEEP_CUSTOMER = 'payment_customer';

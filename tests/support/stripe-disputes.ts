import type { Thing } from './stripe-double.ts';

interface Parts {
  readonly made: (prefix: string, thing: Thing) => Thing;
  readonly all: (object: string) => Thing[];
  readonly get: (id: string | undefined, object: string) => Thing;
  readonly told: (type: string, object: Thing) => Thing;
  readonly refusal: (status: number, said: Thing) => Error;
  readonly clock: () => number;
}

/** What Stripe takes for a dispute, beside its amount. */
export const DISPUTE_FEE = 1_500;

/** Disputes as Stripe documents them: they say of nobody whose they are, and carry what they moved whole. */
export function disputesOf({ made, all, get, told, refusal, clock }: Parts) {
  /** @param given.status `warning_needs_response`: an inquiry, which moves no money */
  function open(invoiceId: string, given: Thing = {}): Thing {
    const intent = get(get(invoiceId, 'invoice').intent, 'payment_intent');
    const charge = get(intent.latest_charge, 'charge');
    const dispute = made('du', {
      ...{ object: 'dispute', amount: charge.amount, currency: charge.currency, charge: charge.id },
      ...{
        payment_intent: intent.id,
        balance_transactions: [],
        enhanced_eligibility_types: [],
        evidence: {},
      },
      evidence_details: {
        ...{ due_by: clock() + 7 * 86_400, enhanced_eligibility: {}, has_evidence: false },
        ...{ past_due: false, submission_count: 0 },
      },
      ...{
        intended_submission_method: null,
        is_charge_refundable: false,
        metadata: {},
        network_reason_code: '10.4',
      },
      ...{ reason: 'fraudulent', status: 'needs_response', ...given },
    });
    told('charge.dispute.created', dispute);
    return dispute;
  }
  function moved(dispute: Thing, amount: number, fee: number, currency = dispute.currency): Thing {
    const isBack = amount > 0;
    const booked = made('txn', {
      ...{ object: 'balance_transaction', type: 'adjustment', amount, fee, net: amount - fee, currency },
      ...{
        reporting_category: isBack ? 'dispute_reversal' : 'dispute',
        source: dispute.id,
        status: 'pending',
      },
      description: `Chargeback ${isBack ? 'reversal' : 'withdrawal'} for ${dispute.charge}`,
      ...{ balance_type: 'payments', exchange_rate: null, available_on: clock() },
      fee_details:
        fee === 0
          ? []
          : [{ amount: fee, application: null, currency, description: 'Dispute fee', type: 'stripe_fee' }],
    });
    dispute.balance_transactions = [...dispute.balance_transactions, booked];
    told(`charge.dispute.funds_${isBack ? 'reinstated' : 'withdrawn'}`, dispute);
    return booked;
  }
  return {
    open,
    /** The bank takes it. */
    withdraw: (dispute: Thing, currency?: string) => moved(dispute, -dispute.amount, DISPUTE_FEE, currency),
    /** It comes again. @param fee that Stripe gives back, below 0 */
    reinstate: (dispute: Thing, fee = 0) => moved(dispute, dispute.amount, fee),
    /** @param status as which it goes on, or ends */
    move(dispute: Thing, status: string): void {
      dispute.status = status;
      const isOver = ['won', 'lost', 'warning_closed'].includes(status);
      told(`charge.dispute.${isOver ? 'closed' : 'updated'}`, dispute);
    },
    /** Whether it holds money of a charge. */
    isHeld: (charge: string) =>
      all('dispute').some(
        (each) =>
          each.charge === charge &&
          each.balance_transactions.reduce((sum: number, booked: Thing) => sum + booked.amount, 0) < 0,
      ),
    shown(dispute: Thing, form: Thing): Thing {
      // They are there whole, and are no field that can be expanded.
      if (Object.values(form.expand ?? {}).includes('balance_transactions'))
        throw refusal(400, { message: 'This property cannot be expanded (balance_transactions).' });
      return dispute;
    },
  };
}

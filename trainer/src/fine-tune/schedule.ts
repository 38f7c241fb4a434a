// How fast the encoder learns at each step of a level: up in a line, then down in a line to nothing.
// Source: the linear schedule with warm-up of BERT, Devlin et al., NAACL 2019; AdamW's bias correction, Loshchilov &
// Hutter, ICLR 2019.

export interface RateOptions {
  readonly rate: number;
  /** Share of the steps in which the rate rises. */
  readonly warmUp: number;
}

/** The learning rate of step `step` of `numSteps`, both from 0; never 0 itself. */
export function rateAt(step: number, numSteps: number, { rate, warmUp }: RateOptions): number {
  const rising = Math.ceil(numSteps * warmUp);
  if (step < rising) return (rate * (step + 1)) / (rising + 1);
  return (rate * (numSteps - step)) / (numSteps - rising);
}

const FIRST_DECAY = 0.9;
const SECOND_DECAY = 0.999;

/** What turns AdamW's running moments after `count` updates into unbiased ones: factors for the step and for √second. */
export function biasCorrection(count: number): { readonly first: number; readonly second: number } {
  return { first: 1 / (1 - FIRST_DECAY ** count), second: 1 / Math.sqrt(1 - SECOND_DECAY ** count) };
}

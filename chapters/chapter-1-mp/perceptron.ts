/**
 * Chapter 1, topic 2: the perceptron, the first neuron that learns.
 *
 * The classes are now −1 and +1 (not 0 and 1): the label of a sample then is also the direction in which to correct.
 */

/** What learning changes: one weight per input, and a bias. */
export interface Perceptron {
  /** (n) one weight per input */
  weights: number[];
  bias: number;
}

/** A perceptron after training, and how it got there. */
export interface TrainedPerceptron extends Perceptron {
  /** mistakes in each epoch that was run, the clean last one (0) included */
  history: number[];
  /** whether the last epoch that was run had no mistake */
  converged: boolean;
}

/**
 * The class that a perceptron gives to a sample: the side of the boundary on which it lies.
 *
 *   score = w_1 x_1 + … + w_n x_n + b
 *   class = +1  when score ≥ 0       (a sample on the boundary counts as +1, as step(0) = 1)
 *           −1  when score < 0
 *
 * @param x       (n) one sample
 * @param weights (n)
 * @param bias    one number
 * @returns −1 or +1
 * @throws RangeError when x and weights differ in length
 * @see Rosenblatt 1958
 */
export function predict(x: number[], weights: number[], bias: number): number {
  throw new Error('TODO: predict');
}

/**
 * The perceptron rule on one sample: do nothing when it is classified right, else move the weights toward it
 * (label +1) or away from it (label −1).
 *
 *   predicted right:   w′ = w               b′ = b
 *   predicted wrong:   w′ = w + η · t · x   b′ = b + η · t
 *
 * "Right" is what predict says: on the boundary the class is +1, so a score of exactly 0 is right for the label +1
 * and wrong for −1. The bias learns as if it were the weight of one more input that is always 1.
 *
 * @param x            (n) one sample
 * @param label        t, its class: −1 or +1
 * @param weights      (n) before the update; not changed
 * @param bias         before the update
 * @param learningRate η > 0
 * @returns the new weights and the new bias
 * @throws RangeError when x and weights differ in length, the label is neither −1 nor +1,
 *                    or the learning rate is not greater than 0; also when the sample is classified right
 * @see Rosenblatt 1958
 */
export function perceptronUpdate(
  x: number[],
  label: number,
  weights: number[],
  bias: number,
  learningRate: number,
): Perceptron {
  throw new Error('TODO: perceptronUpdate');
}

/**
 * The perceptron's training: from zero weights and zero bias, sample after sample in the order given, epoch after
 * epoch, until an epoch passes without a mistake or the limit of epochs is reached.
 *
 * A mistake is a sample that is predicted wrong when its turn comes, before the update that it causes.
 * history[e] is the number of mistakes in epoch e; the epoch without mistakes is recorded too, as a last 0.
 * With maxEpochs = 0 no sample is looked at: zero weights, history [], converged false.
 *
 * @param samples      (N, n) one row per sample; N ≥ 1
 * @param labels       (N) the class of each sample: −1 or +1
 * @param learningRate η > 0
 * @param maxEpochs    whole number ≥ 0
 * @returns weights (n), bias, history (at most maxEpochs entries) and converged
 * @throws RangeError when there are no samples, when samples and labels differ in number, or when maxEpochs is not a
 *                    whole number ≥ 0; and in the first epoch, if there is one, whenever perceptronUpdate throws
 *                    (a label 0, samples of differing lengths, a learning rate of 0)
 * @see Rosenblatt 1958; Novikoff 1962, "On convergence proofs for perceptrons"
 */
export function trainPerceptron(
  samples: number[][],
  labels: number[],
  learningRate: number,
  maxEpochs: number,
): TrainedPerceptron {
  throw new Error('TODO: trainPerceptron');
}

/**
 * Novikoff's bound: if some weights and bias separate the data, then training from zero makes at most this many
 * mistakes in all, over all epochs together, in whatever order the samples come and however many they are.
 *
 * The bias counts as the weight of a constant input 1. In this augmented space of n + 1 numbers,
 *
 *   R     = max over i of ‖(x_i, 1)‖                           the longest sample
 *   γ     = min over i of t_i (w · x_i + b) / ‖(w, b)‖          the margin of the separator, at unit length
 *   bound = (R / γ)²
 *
 * with ‖(w, b)‖ = √(w_1² + … + w_n² + b²). Multiplying w and b by the same positive number changes nothing.
 *
 * @param samples (N, n) one row per sample; N ≥ 1
 * @param labels  (N) the class of each sample: −1 or +1
 * @param weights (n) of a separator
 * @param bias    of that separator
 * @returns (R / γ)², not rounded
 * @throws RangeError when there are no samples, when samples and labels differ in number, when a sample and the weights
 *                    differ in length, when a label is neither −1 nor +1, or when the separator does not separate
 *                    strictly: some t_i (w · x_i + b) ≤ 0 (so also when w and b are all 0)
 * @see Novikoff 1962
 */
export function novikoffBound(samples: number[][], labels: number[], weights: number[], bias: number): number {
  throw new Error('TODO: novikoffBound');
}

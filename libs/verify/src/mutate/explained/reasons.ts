/** Reasons that hold in several parts of the model. */
export const MET = 'whether it is counted as met: the answer is the same';
export const NAMED = 'which of the reasons is named for a packet that is lost in silence: neither end hears of it';
export const COLLECTED = 'in a judged world all is collected';
export const OBSERVER = 'what an observer is shown who turns the meaning round: no verdict runs through it';
export const SHIFTED_OUT = 'the bit is shifted out';
export const WORDS = 'what is said of a rule: words';
export const FINDING = 'words of a finding: neither end hears of either';
export const NOT_CHOSEN_YET = 'the source is not chosen yet, and so not asked for';

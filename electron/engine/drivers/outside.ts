/**
 * Between the world and the programs that live in Node and use it: they are told what happened, outside of the cores and in
 * order, and leave word that they have done something, since virtual time must wait for them (DESIGN 4.3).
 */
export class Outside {
  /** How many connections of theirs are open. */
  ends = 0
  /** Grows with each thing that they do to the world. */
  activity = 0
  private holding = 0
  /** Each returns whether a program has come to know something. */
  private stories: (() => boolean)[] = []
  private readonly onStory: () => void

  /** `onStory` is called when there is something new to tell, or a hold is over; the driver then calls `tell` in its time. */
  constructor(onStory: () => void) {
    this.onStory = onStory
  }

  /** There is something that they have not heard of yet. */
  get hasStories(): boolean {
    return this.stories.length > 0
  }

  /** Work of theirs is under way elsewhere, such as in the thread pool. */
  get isHeld(): boolean {
    return this.holding > 0
  }

  /** Has `story` called by the driver, never within a call of ours. */
  tellLater(story: () => void): void {
    this.offerLater(() => {
      story()
      return true
    })
  }

  /** The same for what may turn out to be nothing to tell a program of: `offer` returns whether one has heard of it. */
  offerLater(offer: () => boolean): void {
    this.stories.push(offer)
    this.onStory()
  }

  /** Calls what there is to tell by now, and returns whether a program has heard of it; what comes up meanwhile waits. */
  tell(): boolean {
    const { stories } = this
    this.stories = []
    let isHeard = false
    for (const story of stories) isHeard = story() || isHeard
    return isHeard
  }

  /** Holds virtual time until `work` is done. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.holding++
    try {
      return await work
    } finally {
      this.holding--
      this.activity++
      this.onStory()
    }
  }
}

/** One stream and those who listen to it. The text of a message is made once, however many they are. */

/** A message ready to be sent, in the two forms that connections may want. */
export class StreamMessage {
  readonly stream: string;
  readonly data: string;
  private readonly head: string;
  private rawBytes: Buffer | null = null;
  private combinedBytes: Buffer | null = null;

  constructor(stream: string, data: string, head: string = headOf(stream)) {
    this.stream = stream;
    this.data = data;
    this.head = head;
  }

  raw(): Buffer {
    this.rawBytes ??= Buffer.from(this.data);
    return this.rawBytes;
  }

  /** In the wrapper of combined streams. */
  combined(): Buffer {
    this.combinedBytes ??= Buffer.from(`${this.head}${this.data}}`);
    return this.combinedBytes;
  }
}

export interface Subscriber {
  receive(message: StreamMessage): void;
}

export class Topic {
  readonly name: string;
  private readonly head: string;
  private readonly subscribers = new Set<Subscriber>();

  constructor(name: string) {
    this.name = name;
    this.head = headOf(name);
  }

  /** Nobody listens: whoever makes the messages may save the work. */
  get idle(): boolean {
    return this.subscribers.size === 0;
  }

  add(subscriber: Subscriber): void {
    this.subscribers.add(subscriber);
  }

  delete(subscriber: Subscriber): void {
    this.subscribers.delete(subscriber);
  }

  /** @param data JSON text of the event */
  publish(data: string): void {
    if (this.idle) return;
    const message = new StreamMessage(this.name, data, this.head);
    for (const subscriber of this.subscribers) subscriber.receive(message);
  }
}

/** Where a combined message begins. */
function headOf(stream: string): string {
  return `{"stream":${JSON.stringify(stream)},"data":`;
}

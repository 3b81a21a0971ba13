/** Where the only segment of the program is loaded; the page that the file's first byte goes to. */
const BASE = 0x400000n;
/** Bytes of an ELF header and of one program header (elf(5)). */
const HEADERS = 64 + 56;
const EM_X86_64 = 62;
const EM_AARCH64 = 183;

/**
 * A static program that writes `text` to its standard output and ends: an ELF file of one segment with a few machine
 * instructions, write(2) and exit(2), and the text behind them. Throws Error for an architecture that it cannot
 * speak.
 */
export function greeter(text: Buffer, architecture: string = process.arch): Buffer {
  const [machine, code] = instructions(architecture, text.length);
  const file = Buffer.concat([Buffer.alloc(HEADERS), code, text]);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64 bits, little-endian
  file.writeUInt16LE(2, 16); // an executable
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BASE + BigInt(HEADERS), 24); // the first instruction
  file.writeBigUInt64LE(64n, 32); // where the program header is
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64); // to be loaded
  file.writeUInt32LE(5, 68); // readable and executable
  file.writeBigUInt64LE(BASE, 80);
  file.writeBigUInt64LE(BASE, 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x1000n, 112);
  return file;
}

/** `write(1, text, length); exit(0)`, with the text right behind. */
function instructions(architecture: string, length: number): [machine: number, code: Buffer] {
  if (length > 0xffff) throw new Error('the text must be shorter than 64 KiB');
  if (architecture === 'x64') {
    const code = Buffer.from(
      [
        'b801000000', // mov eax, 1 (write)
        '89c7', // mov edi, eax (standard output)
        '488d3510000000', // lea rsi, [rip + 16]: what follows this code
        'ba00000000', // mov edx, length
        '0f05', // syscall
        'b83c000000', // mov eax, 60 (exit)
        '31ff', // xor edi, edi
        '0f05', // syscall
      ].join(''),
      'hex',
    );
    code.writeUInt32LE(length, 15);
    return [EM_X86_64, code];
  }
  if (architecture === 'arm64') {
    const words = [
      0xd2800020, // mov x0, #1 (standard output)
      0x100000e1, // adr x1, .+28: what follows this code
      0xd2800002 | (length << 5), // mov x2, #length
      0xd2800808, // mov x8, #64 (write)
      0xd4000001, // svc #0
      0xd2800000, // mov x0, #0
      0xd2800ba8, // mov x8, #93 (exit)
      0xd4000001, // svc #0
    ];
    const code = Buffer.alloc(words.length * 4);
    for (const [index, word] of words.entries()) code.writeUInt32LE(word >>> 0, index * 4);
    return [EM_AARCH64, code];
  }
  throw new Error(`no greeter for ${architecture}: x64 and arm64 are known`);
}

import { randomInt } from 'node:crypto';

const ADJECTIVES =
  `admiring agile amazing ample arctic autumn bold brave breezy bright brisk busy calm candid careful charming
  cheerful clever cool cosmic cozy crisp curious daring dazzling deft eager earnest easy elated elegant epic exact fair fancy
  fearless festive fierce flowing focused fond frank free fresh friendly frosty funny gallant gentle gifted glad golden graceful
  grand great happy hardy hearty helpful honest hopeful hungry icy jolly jovial keen kind lively loving loyal lucid lucky magical
  merry mighty mild modest mystic neat nice nifty noble optimistic patient peaceful pensive playful polite practical proud quick
  quiet quirky rapid relaxed reliable robust rustic serene sharp shiny silent silly sleepy smart smooth snappy sober spirited
  stable steady stoic strange sturdy sunny sweet swift tender thirsty tidy trusting upbeat vibrant vigilant vigorous vivid warm
  wise witty wonderful xenial young youthful zealous zen`.split(/\s+/);

const SURNAMES =
  `agnesi albattani allen almeida archimedes ardinghelli aryabhata babbage banach banzai bardeen bartik bassi bell
  bhabha bhaskara blackwell bohr booth borg bose boyd brahmagupta brattain brown carson cartwright carver cerf chandrasekhar
  chaplygin chatelet chaum clarke colden cori cray curie curran darwin davinci diffie dijkstra dirac driscoll easley edison
  einstein elion engelbart euclid euler faraday feistel fermat fermi feynman franklin gagarin galileo galois ganguly gates gauss
  germain goldberg goldstine golick goodall gould greider grothendieck hamilton haslett hawking heisenberg hellman hermann
  herschel hertz heyrovsky hodgkin hofstadter hoover hopper hugle hypatia jackson jang jemison jennings jepsen johnson jones
  joliot kalam kapitsa kare keldysh keller kepler khayyam khorana kilby kirch knuth kowalevski lalande lamarr lamport leakey
  leavitt lederberg lehmann lewin lichterman liskov lovelace lumiere mahavira margulis maxwell mayer mccarthy mcclintock mclean
  mcnulty meitner mendel mendeleev meninsky merkle mestorf mirzakhani montalcini moore morse moser murdock napier nash neumann
  newton nightingale nobel noether northcutt noyce panini pare pascal pasteur payne perlman pike poincare poitras proskuriakova
  ptolemy raman ramanujan rhodes ride ritchie robinson roentgen rosalind rubin saha sammet sanderson satoshi shamir shannon shaw
  shirley shockley shtern sinoussi snyder solomon spence stonebraker sutherland swanson swartz swirles taussig tesla tharp
  thompson torvalds turing varahamihira vaughan villani visvesvaraya volhard wescoff wilbur wiles williams williamson wilson wing
  wozniak wright wu yalow yonath zhukovsky`.split(/\s+/);

const ATTEMPTS = 6;
const SUFFIXES = 10;

/** A free name in Docker's manner: `brave_lovelace`; with a digit behind it when the plain ones keep being taken. */
export function generateName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const name = pair();
    if (!isTaken(name)) return name;
  }
  for (;;) {
    const name = `${pair()}${randomInt(SUFFIXES)}`;
    if (!isTaken(name)) return name;
    const longer = `${name}${randomInt(1_000_000)}`;
    if (!isTaken(longer)) return longer;
  }
}

function pair(): string {
  return `${ADJECTIVES[randomInt(ADJECTIVES.length)]}_${SURNAMES[randomInt(SURNAMES.length)]}`;
}

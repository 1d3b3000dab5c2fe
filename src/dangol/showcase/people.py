"""Who writes to Moon Burger: invented people, always the same. Pure."""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final, Literal

Program = Literal["gmail", "iphone", "outlook", "naver", "plain"]

_FAMILY: Final = "김이박최정강조윤장임한오서신권황안송류홍전고문손배백허남심노"
_GIVEN: Final = [
    "민준",
    "서준",
    "도윤",
    "예준",
    "시우",
    "하준",
    "지호",
    "주원",
    "지훈",
    "준서",
    "현우",
    "건우",
    "우진",
    "선우",
    "서진",
    "연우",
    "정우",
    "승현",
    "준혁",
    "동현",
    "서연",
    "서윤",
    "지우",
    "서현",
    "하은",
    "하윤",
    "민서",
    "지유",
    "윤서",
    "채원",
    "수아",
    "지민",
    "지아",
    "다은",
    "은서",
    "예은",
    "수빈",
    "소율",
    "유진",
    "혜진",
    "미경",
    "영숙",
    "정희",
    "은주",
    "현정",
    "성호",
    "재현",
    "태윤",
    "상훈",
    "경수",
]
_ROMAN: Final = {
    "김": "kim", "이": "lee", "박": "park", "최": "choi", "정": "jung", "강": "kang", "조": "cho", "윤": "yoon",
    "장": "jang", "임": "lim", "한": "han", "오": "oh", "서": "seo", "신": "shin", "권": "kwon", "황": "hwang",
    "안": "ahn", "송": "song", "류": "ryu", "홍": "hong", "전": "jeon", "고": "ko", "문": "moon", "손": "son",
    "배": "bae", "백": "baek", "허": "heo", "남": "nam", "심": "shim", "노": "noh",
}  # fmt: skip
_FIRST: Final = [
    "Anna",
    "Ben",
    "Carla",
    "David",
    "Elena",
    "Farid",
    "Grace",
    "Henry",
    "Ines",
    "Jonas",
    "Kate",
    "Liam",
    "Maya",
    "Noah",
    "Olga",
    "Peter",
    "Quinn",
    "Rosa",
    "Sam",
    "Tara",
    "Umar",
    "Vera",
    "Will",
    "Yuki",
    "Zoe",
    "Alex",
    "Bianca",
    "Chris",
    "Diana",
    "Eric",
]
_LAST: Final = [
    "Miller",
    "Okafor",
    "Novak",
    "Brown",
    "Silva",
    "Haddad",
    "Tanaka",
    "Weber",
    "Rossi",
    "Jensen",
    "Murphy",
    "Dubois",
    "Costa",
    "Clark",
    "Singh",
    "Nguyen",
    "Larsen",
    "Petrov",
    "Walker",
    "Moreno",
    "Fischer",
    "Ali",
    "Turner",
    "Khan",
    "Reid",
]
# Reserved for examples by RFC 2606: nobody can ever be written to there.
_HOSTS: Final = ("mail.example", "post.example", "inbox.example", "letters.example")
_OFFICES: Final = ("hanbit-design.example", "seoulsoft.example", "bluewhale.example", "northgate.example")

KOREANS: Final = 118
OTHERS: Final = 68


@dataclass(frozen=True)
class Person:
    """A customer as the showcase knows one: the name on mail, the language, the mail program, and how often."""

    name: str
    address: str
    language: str
    program: Program
    weight: int = 1

    @property
    def greeted(self) -> str:
        """The name that staff writes: the whole one in Korean, the first one otherwise."""
        return self.name if self.language == "ko" else self.name.split()[0]


SORA: Final = Person("Sora Kim", "sora.kim@mail.example", "en", "iphone", 0)
JAMES: Final = Person("James Lee", "james.lee@post.example", "en", "gmail", 0)
JIHOON: Final = Person("박지훈", "jihoon.park@mail.example", "ko", "naver", 2)
ANA: Final = Person("Ana Reyes", "ana.reyes@northgate.example", "en", "outlook", 1)
TOM_WU: Final = Person("Tom Wu", "tom.wu@inbox.example", "en", "plain", 0)
SEOYEON: Final = Person("이서연", "seoyeon.lee@post.example", "ko", "iphone", 1)
CAST: Final = (SORA, JAMES, JIHOON, ANA, TOM_WU, SEOYEON)


@cache
def everybody() -> tuple[Person, ...]:
    """The cast and all others, each address once."""
    random = Random("people of the moon")  # noqa: S311  not for secrets
    people = {person.address: person for person in CAST}
    while len(people) < len(CAST) + KOREANS:
        person = _korean(random)
        people.setdefault(person.address, person)
    while len(people) < len(CAST) + KOREANS + OTHERS:
        person = _other(random)
        people.setdefault(person.address, person)
    return tuple(people.values())


def person_at(address: str) -> Person | None:
    """Whose address it is."""
    return next((person for person in everybody() if person.address == address.lower()), None)


def _korean(random: Random) -> Person:
    family, given = random.choice(_FAMILY), random.choice(_GIVEN)
    host = random.choice(_HOSTS if random.random() < 0.85 else _OFFICES)
    # Numbers, as nobody has found a free address without one for years.
    address = f"{_ROMAN[family]}{random.choice(('', '.', '_'))}{random.randrange(10, 9999)}@{host}"
    program: Program = random.choices(("naver", "iphone", "gmail", "plain"), weights=(4, 3, 3, 1))[0]
    return Person(f"{family}{given}", address, "ko", program, _weight(random))


def _other(random: Random) -> Person:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    host = random.choice(_HOSTS if random.random() < 0.7 else _OFFICES)
    program: Program = random.choices(("gmail", "iphone", "outlook", "plain"), weights=(4, 3, 2, 1))[0]
    return Person(f"{first} {last}", f"{first}.{last}@{host}".lower(), "en", program, _weight(random))


def _weight(random: Random) -> int:
    # A few come every week, most wrote once or twice.
    return random.choices((1, 2, 4, 8), weights=(60, 24, 12, 4))[0]

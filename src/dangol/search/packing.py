"""How SQLite keeps the plain form of a text: small. Pure.

The full-text index holds no text, and needs the old one to take a row out of it again; that copy would be as large as
the text itself. Single mails are too short for a compressor to learn their language, so it is told beforehand: the
words below are what people write to shops. They are part of the format: never change them, add a format beside it.
"""

import zlib

_KOREAN = (
    "문의 고객 상담 회사 매장 가게 사장 직원 담당자 선생 여러분 오늘 내일 어제 지금 이번 다음 지난 아침 "
    "점심 저녁 주말 평일 오전 오후 시간 날짜 월요일 화요일 수요일 목요일 금요일 토요일 일요일 번호 전화 "
    "연락 메일 메시지 사진 첨부 주소 이름 계정 비밀번호 로그인 결제 카드 현금 입금 송금 영수증 "
    "세금계산서 가격 금액 할인 쿠폰 포인트 적립 무료 배송 배송지 배송비 택배 도착 출발 발송 상품 제품 "
    "물건 수량 재고 품절 색상 사이즈 교환 반품 환불 취소 변경 예약 주문 주문번호 주문했는데 주문한 "
    "받았습니다 받지 못했습니다 못했어요 없습니다 없어요 있습니다 있어요 있나요 있을까요 같습니다 같아요 "
    "됩니다 되나요 될까요 안되네요 합니다 했습니다 했어요 했는데 하는데 하고 해서 하면 하지 하는 할 수 "
    "있는 없는 좋은 좋습니다 좋아요 너무 정말 진짜 많이 조금 아직 이미 다시 빨리 바로 먼저 그리고 그런데 "
    "그래서 하지만 혹시 왜 어떻게 언제 어디 얼마 무엇 이거 그거 저는 제가 저희 우리 이것 그것 이렇게 "
    "그렇게 때문에 대해 대한 관련 관련하여 통해 위해 경우 정도 부분 문제 내용 확인 확인해 처리 진행 요청 "
    "신청 안내 답변 답변드립니다 말씀 말씀하신 불편 불편을 드려 죄송합니다 부탁드립니다 부탁드려요 "
    "드립니다 드리겠습니다 하겠습니다 바랍니다 해주세요 해주시면 해주셔서 알려주세요 보내주세요 주세요 "
    "주시기 고맙습니다 감사합니다 감사드립니다 안녕하세요 안녕하십니까 입니다 습니다 니다 세요 네요 어요 "
    "에서 으로 에게 까지 부터 이나 에는 은 는 이 가 을 를 의 에 도 로 "
)
_ENGLISH = (
    "monday tuesday wednesday thursday friday saturday sunday january february march april june july "
    "august september october november december morning evening yesterday tomorrow address account "
    "password number phone email message question problem issue wrong broken missing damaged different "
    "colour size price cost charged card bank invoice receipt discount coupon voucher gift package "
    "parcel shipping shipped delivery delivered tracking return replace replacement exchange cancel "
    "cancelled refund product item items shop store website online customer service support staff team "
    "manager company business burger food table booking reservation ticket subscription plan trial offer "
    "account details information available received sent bought ordered order orders waiting arrived "
    "arrive today week weeks days month time long still never always already again back before after "
    "since until soon possible however because without with about would could should there their they "
    "them then than these those this that which what when where while who why how much many some other "
    "every only just also very really good great happy sorry apologies disappointed unfortunately "
    "appreciate welcome best kind regards sincerely wrote help need want know think look find make take "
    "give tell keep let see get got put use used using change changed check checked confirm happen "
    "happened working does did done don doesn didn can will won not but been being was were are had has "
    "have having from into over under more most first last next new one two three www http https com org "
    "net html gmail naver daum hi hello hey dear please thanks thank you for your my me we us our it is "
    "in on at to of and the a i "
)
_KNOWN_WORDS = (_KOREAN + _ENGLISH).encode("cp949")

_AS_CP949 = b"1"
_AS_UTF8 = b"2"
_LEVEL = 6
_RAW = -zlib.MAX_WBITS


def pack(plain_text: str) -> bytes:
    """The text in about half its size; `unpack` gives it back. Loses nothing of what `words.plain` makes."""
    try:
        form, encoded = _AS_CP949, plain_text.encode("cp949")  # two bytes a syllable where UTF-8 takes three
    except UnicodeEncodeError:
        form, encoded = _AS_UTF8, plain_text.encode("utf-8", "replace")
    squeezer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, zdict=_KNOWN_WORDS)
    return form + squeezer.compress(encoded) + squeezer.flush()


def unpack(packed: bytes) -> str:
    """The text that was packed."""
    encoding = "cp949" if packed[:1] == _AS_CP949 else "utf-8"
    return zlib.decompressobj(_RAW, zdict=_KNOWN_WORDS).decompress(packed[1:]).decode(encoding)

"""The lines that mail programs write above what they quote, and the ones that phones write below, in many languages."""

import re
from functools import lru_cache
from typing import NamedTuple

from dangol.channels.email.patterns import pattern

_MAX_LINE = 400
_MAX_SPAN = 6
_MAX_BLOCK = 14

_DIVIDER = pattern(
    r"""
    [\s*>]*(?:[-_=‐‑–—]{2,}|\*)\s*\[?\s*(?:
    original (?:message|mail|e-?mail|appointment)|forwarded (?:message|mail)|reply message
    |(?:원본|원래) ?(?:메시지|메세지|메일|이메일|편지)(?: ?내용)?|전[달송]된? ?(?:메시지|메세지|메일|이메일)(?: ?내용)?
    |urspr(?:ü|ue)ngliche (?:nachricht|mail)|weitergeleitete nachricht
    |mensaje (?:original|reenviado)|mensagem (?:original|encaminhada)|messaggio (?:originale|inoltrato)
    |message (?:d'origine|original|transféré|transfere)|(?:oorspronkelijk|doorgestuurd) bericht
    |oprindelig meddelelse|opprinnelig melding|ursprungligt meddelande|alkuperäinen viesti
    |wiadomość oryginalna|oryginalna wiadomość|исходное сообщение|пересылаемое сообщение
    |받은 ?(?:메일|편지)(?: ?내용)?|元の(?:メッセージ|メール)|転送メッセージ
    |(?:回复的)?原(?:始)?邮件|(?:回覆的)?原(?:始)?郵件|原始訊息|转发(?:的)?邮件|轉寄(?:的)?(?:訊息|郵件)
    |thư gốc|tin nhắn gốc
    )\s*\]?\s*(?:[-_=‐‑–—]{2,}|\*).{0,3}
    |-{10,}\s?original\s?-{10,}
    """
)
_BEGINS = pattern(
    r"""
    [\s>*]*(?:begin forwarded message|전달된 메시지(?:의 시작)?|anfang der weitergeleiteten (?:nachricht|e-mail)
    |début du message (?:réexpédié|transféré)|inicio del mensaje reenviado|inizio messaggio inoltrato
    |転送されたメッセージ)\s*[:：]\s*\*?
    """
)
_FIELD = pattern(
    r"""
    [\s>*|]{0,8}(?:
    (?P<sender>from|von|de|da|från|fra|van|od|от|від|lähettäjä|보낸 ?사람|보낸 ?이|보내는 ?사람|발신|발신자
    |发件人|寄件者|寄件人|差出人|送信者|từ)
    |(?P<date>sent|sent at|date|gesendet|datum|envoyé|enviado(?: el)?|fecha|data|inviato(?: il)?|skickat|sendt|dato
    |verzonden|wysłano|отправлено|дата|lähetetty|보낸 ?(?:날짜|시간|일시)|날짜|일시|작성 ?일시?|发送时间|日期|寄件日期
    |送信日時|日時|đã gửi|ngày|gửi)
    |(?P<recipient>to|an|à|a|para|till|til|aan|do|кому|vastaanottaja|받는 ?사람|받은 ?사람|받는 ?이|수신|수신자
    |收件人|收件者|宛先|tới|đến)
    |(?P<subject>subject|betreff|objet|asunto|oggetto|assunto|ämne|emne|onderwerp|temat|тема|aihe|제목|주제|主题|主旨|件名
    |chủ đề|title)
    |(?P<other>b?cc|kopie|copie|kopia|копия|(?:숨은 ?)?참조|抄送|副本|reply-to|reply to|antwort an|risposta|responder a
    |회신|importance|priority|중요도|attachments?|첨부(?: ?파일)?|organization)
    )\s*\*?\s*[:：]\*?\s*.*
    """
)
_VERB = r"""
    (?:wrote|writes|has written|schrieb|schreef|geschreven|a écrit|écrit|escribi[óo]|escreveu|ha scritto|scrisse
    |napisał\(?a?\)?|написал\(?а?\)?|написав|пише|пишет|skrev|kirjoitti|napsal\(?a?\)?|írta|yazdı
    |写道|寫道|さんは書きました|のメール|のメッセージ|đã viết|menulis|เขียนว่า|έγραψε|a scris|כתב/?ה?|كتب
    |작성|작성함|작성한 글|님(?:이|께서) ?(?:작성했|작성하셨|썼|쓰셨)습니다|쓴 글|님의 말
    |님의 메시지|님이 보낸 메일|님이 보냄
    )
    """
_ENDS_WITH_VERB = pattern(rf"{_VERB}\s*(?:[:：]|-{{3,}})$")
# Yahoo's text goes on in the line that says who wrote it.
_RUNS_ON = pattern(rf"\s*[^<>]{{8,160}}<[^<>\s]{{1,100}}@[^<>\s]{{1,100}}>,?\s?{_VERB}\s?[:：]\s{{2,}}\S")
_VERB_THEN_WHO = pattern(
    r"""
    (?:(?:schrieb|skrev|schreef|heeft|kirjoitti|كتابة ما يلي بواسطة) .{2,160}|ezt írta \(.{4,80}\)\s?)[:：]$
    """
)
# The verb alone, where what stands before it filled its line.
_VERB_ALONE = pattern(rf"\s*(?:님이 |さんは)?{_VERB}\s*[:：]\s*")
# Older Gmail and others: a date and somebody, without a verb.
_WITHOUT_VERB = pattern(
    r"""
    \d{4}[-/]\d{1,2}[-/]\d{1,2} \d{1,2}:\d{2} (?:GMT|UTC)[+-]\d{1,2}:?\d{2} .{1,200}
    |\d{4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,2}\.?\s.{1,120}<[^<>\s]+@[^<>\s]+>\s*[:：]?
    |\d{4}年\s?\d{1,2}月\s?\d{1,2}日?.{1,120}<[^<>\s]+@[^<>\s]+>\s*[:：]
    |\d{1,2}\.\d{1,2}\.\d{4},? \d{1,2}:\d{2}.{1,120}<[^<>\s]+@[^<>\s]+>\s*[:：]
    |[^<>]{0,60}\b20\d\d\b[^<>]{0,40}?\d{1,2}[:.]\d{2}(?: ?[ap]m)?(?: [+-]\d\d:?\d\d)?,?(?: [^\s<>]{1,60}){1,3}
    \x20?<[^<>\s]+@[^<>\s]+>\s*[:：]
    """
)
_LONGEST_VERB = 60
_DIGIT_OR_AT = re.compile(r"[\d@]")
_ADDRESS = re.compile(r"[^\s<>@\"]+@[^\s<>@\"]+")
_TIME = re.compile(r"\d{1,2}[:.]\d{2}|\d\s?[시時点]")
_DATE = pattern(
    r"\d{1,4}\s?[./년年-]\s?\d{1,2}\s?[./월月-]|\d{1,2}[:.]\d{2}|\b(?:19|20)\d{2}\b|\d{1,2}\. ?\w{3,9}"
)
_STARTS = pattern(
    r"""
    \s*(?:-{2,}\s*)?(?:on|at|le|am|el|em|il|op|den|dnia|dne|в|in|a|vào|pada)\s
    |.{0,60}\d|.{0,120}[@<"]|.{0,100}(?:wrote|schrieb|작성|쓴 글|님의 말)\b
    """
)
# How people begin a sentence about what somebody wrote, and mail programs never.
_SPEAKS = pattern(
    r"""
    \s*(?:i|i've|we|my|our|he|she|they|when|as|after|because|since|yesterday|today|last|this|then|here|hi|hello|ich|wir|je
    |nous|yo|어제|오늘|그제|지난|아까|저는|제가|저희|그런데|그리고|근데|담당자)\b(?!\s*[<(@])
    """
)
_SPEAKER = pattern(
    r".{0,200}[\s,](?:i|we|he|she|they|(?:my|our|his|her|their|the) [\w' ]{1,40})\s(?:wrote|writes|has written)\b"
)
_ENDINGS = (":", "：", "-", ">")
_DEVICE = pattern(
    r"""
    [\s<(\[*]*(?:
    sent from .{1,120}|sent via (?:mobile|my |the |a |\w+ ?(?:mail|app)|superhuman).{0,60}
    |sent (?:with|by|using) (?:my |\w*mail|proton ?mail|galaxy|samsung|sparrow|spark|superhuman).{0,80}
    |yahoo mail: search, organize, conquer
    |(?:get|download) (?:\[?outlook|bluemail|yahoo mail).{1,100}|from my (?:iphone|ipad|android|phone|galaxy).{0,30}
    |\S+(?: \S+)? from (?:my )?mobile
    |(?:(?:나의|내|제) )?(?:iphone|ipad|mac|galaxy|samsung|android|아이폰|아이패드|갤럭시|삼성|안드로이드
    |휴대폰|스마트폰|핸드폰|휴대전화|모바일).{0,40}?에서 (?:보냄|보냈습니다|보낸 메일입니다|전송함|전송됨|발송됨|작성함)
    |(?:네이버|naver|다음|daum|한메일|카카오|kakao|지메일|gmail|outlook|야후|yahoo).{0,30}에서\x20
    (?:보냄|보냈습니다|보낸 메일입니다|전송|전송함|전송됨|발송됨)
    |.{0,40}(?:폰|메일|앱|outlook|모바일)에서 (?:보냄|전송|전송함|전송됨|발송됨)
    |(?:ios|android|windows|mac)용 (?:outlook|메일|mail)(?: ?<[^<>]{1,120}>)?(?:을\(를\)|을|를)?\x20?
    (?:에서 (?:보냄|보냈습니다|전송됨)|(?:다운로드|받기|가져오기).{0,60})
    |envoyé (?:depuis|de|à partir de) .{1,60}|von meinem .{1,60} gesendet|gesendet (?:von|mit) .{1,60}
    |diese nachricht wurde von .{1,80} gesendet|enviado (?:desde|do|de) .{1,60}|inviato da .{1,60}|sendt fra .{1,40}
    |skickat från .{1,40}|verzonden (?:met|vanaf|vanuit) .{1,40}|wysłane z .{1,40}|отправлено (?:с|из) .{1,60}
    |lähetetty .{1,40}|從我的 .{1,30} (?:傳送|寄出)|从我的 ?.{1,30}发送|发自我的 ?.{1,30}|.{1,30}から送信
    )[\s>)\]*.。]*
    """
)


class Head(NamedTuple):
    """Lines `start` to `end` (exclusive) announce quoted history; `is_attribution` where they name its writer."""

    start: int
    end: int
    is_attribution: bool


def head_at(lines: list[str], start: int) -> Head | None:
    """The head that begins at this line, if one does."""
    line = lines[start]
    if not line or line.lstrip().startswith(">"):
        return None
    if (runs_on := _RUNS_ON.match(line[:_MAX_LINE])) is not None and _TIME.search(runs_on[0]):
        return Head(start, start + 1, True)
    if len(line) > _MAX_LINE:
        return None
    if _DIVIDER.fullmatch(line) or _BEGINS.fullmatch(line):
        return _announced(lines, start)
    if (end := _block_end(lines, start)) is not None:
        return Head(start, end, False)
    if (end := _attribution_end(lines, start)) is not None:
        return Head(start, end, True)
    return None


def is_device(line: str) -> bool:
    """Whether this is the line that a phone or a mail program adds by itself ("나의 iPhone에서 보냄")."""
    return len(line) < 200 and _DEVICE.fullmatch(line) is not None


def _announced(lines: list[str], start: int) -> Head:
    """The head that begins with a divider: with the header lines or the attribution that follow it, if they do."""
    position = start + 1
    while position < len(lines) and position < start + 4 and not lines[position]:
        position += 1
    if position < len(lines):
        if (end := _block_end(lines, position, is_announced=True)) is not None:
            return Head(start, end, False)
        if (end := _attribution_end(lines, position)) is not None:
            return Head(start, end, True)
    return Head(start, start + 1, False)


def _block_end(lines: list[str], start: int, *, is_announced: bool = False) -> int | None:
    """Where a block of header lines ends: a sender and two of date, recipient and subject, close together.

    Where nothing announces them they must be a mail's, for people order flowers and tickets with the same words: an
    address, or a subject and a time of day.
    """
    if _field(lines[start]) is None:
        return None
    kinds: set[str] = set()
    end = start
    strangers = 0
    is_mail = is_announced
    has_time = False
    for index in range(start, min(start + _MAX_BLOCK, len(lines))):
        line = lines[index]
        field = _field(line)
        if field is not None:
            kinds.update(kind for kind, found in field.groupdict().items() if found is not None)
            end, strangers = index + 1, 0
            is_mail = is_mail or _has_address(field)
            has_time = has_time or (field["date"] is not None and _TIME.search(line) is not None)
        elif not line:
            if len(kinds) >= 3 or not _has_field(lines, index + 1):
                break
        else:
            strangers += 1  # a long recipient or subject runs on
            if strangers > 2:
                break
    known = kinds - {"other"}
    if not is_mail and not (has_time and "subject" in known):
        return None
    if "sender" in known and len(known) >= (2 if is_announced else 3):
        return end
    return None


def _has_address(field: re.Match[str]) -> bool:
    return (field["sender"] or field["recipient"]) is not None and _ADDRESS.search(field[0]) is not None


def _has_field(lines: list[str], index: int) -> bool:
    return index < len(lines) and _field(lines[index]) is not None


# A line is asked about again by each of the lines above it.
@lru_cache(maxsize=4 * _MAX_BLOCK)
def _field(line: str) -> re.Match[str] | None:
    return _FIELD.fullmatch(line[:_MAX_LINE]) if line else None


def _attribution_end(lines: list[str], start: int) -> int | None:
    """Where an attribution ends that begins here; it may be wrapped over some lines."""
    if not _STARTS.match(lines[start]) or _SPEAKS.match(lines[start]):
        return None
    joined = ""
    for index in range(start, min(start + _MAX_SPAN, len(lines))):
        line = lines[index].strip()
        if index > start and line.startswith(">") and joined.count("<") <= joined.count(">"):
            return None  # quoted text, and not the end of an address that was wrapped
        joined = f"{joined} {line}".strip()
        if len(joined) > _MAX_LINE:
            return None
        if (line.endswith(_ENDINGS) or index == start) and line and _is_attribution(joined):
            if index > start and _begins_later(lines, start, index):
                return None
            end = index + 1
            if end < len(lines) and len(lines[end]) < 40 and _VERB_ALONE.fullmatch(lines[end]):
                end += 1
            return end if _is_sure(joined) or _quote_follows(lines, end) else None
        if (
            line.endswith((":", "："))
            and _names_moment(lines[start], joined)
            and _quote_follows(lines, index + 1)
        ):
            return index + 1
    return None


def _names_moment(first: str, joined: str) -> bool:
    """A date, a time and an address: an attribution in whatever language, if quoted lines follow."""
    return bool(_DATE.search(first) and _TIME.search(first) and _ADDRESS.search(joined))


def _is_attribution(joined: str) -> bool:
    if _DIGIT_OR_AT.search(joined) is None:
        return False
    if _WITHOUT_VERB.fullmatch(joined):
        return True
    has_verb = _ENDS_WITH_VERB.search(joined[-_LONGEST_VERB:]) or _VERB_THEN_WHO.search(joined)
    return bool(has_verb) and bool(_DATE.search(joined) or _ADDRESS.search(joined))


def _is_sure(joined: str) -> bool:
    """An address or a time of day: people who quote from memory write neither, or say "my wife"."""
    if re.search(r"<[^<>\s]+@[^<>\s]+>", joined):
        return True
    has_sign = _ADDRESS.search(joined) is not None or _TIME.search(joined) is not None
    return has_sign and _SPEAKER.match(joined) is None


def _quote_follows(lines: list[str], start: int) -> bool:
    following = next((line for line in lines[start : start + 4] if line), "")
    return re.match(r"\s{0,4}>", following) is not None


def _begins_later(lines: list[str], start: int, end: int) -> bool:
    """Whether the attribution is complete without its first line, which is then ordinary text."""
    for later in range(start + 1, end + 1):
        joined = " ".join(line.strip() for line in lines[later : end + 1]).strip()
        if lines[later] and _is_attribution(joined) and _complete(joined):
            return True
    return False


def _complete(joined: str) -> bool:
    """A date and somebody: not the second half of a wrapped attribution."""
    return bool(_DATE.search(joined)) and len(joined) > 25

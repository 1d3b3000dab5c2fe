"""The lines that mail programs write above what they quote, and the ones that phones write below, in many languages."""

import re
from typing import NamedTuple

from dangol.channels.email.patterns import pattern

_MAX_LINE = 400
_MAX_SPAN = 6
_MAX_BLOCK = 14

_DIVIDER = pattern(
    r"""
    [\s*>]*(?:[-_=–—]{2,}|\*)\s*\[?\s*(?:
    original (?:message|mail|e-?mail|appointment)|forwarded (?:message|mail)|reply message
    |원본 ?(?:메시지|메세지|메일|이메일|편지)|원래 ?(?:메시지|메일)|전달된? ?(?:메시지|메세지|메일|이메일)|전달 ?메일
    |urspr(?:ü|ue)ngliche (?:nachricht|mail)|weitergeleitete nachricht
    |mensaje (?:original|reenviado)|mensagem (?:original|encaminhada)|messaggio (?:originale|inoltrato)
    |message (?:d'origine|original|transféré|transfere)|(?:oorspronkelijk|doorgestuurd) bericht
    |oprindelig meddelelse|opprinnelig melding|ursprungligt meddelande|alkuperäinen viesti
    |wiadomość oryginalna|oryginalna wiadomość|исходное сообщение|пересылаемое сообщение
    |받은 ?(?:메일|편지)(?: ?내용)?|元のメッセージ|転送メッセージ|原始邮件|原始郵件|原始訊息|转发邮件|轉寄訊息
    )\s*\]?\s*(?:[-_=–—]{2,}|\*).{0,3}
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
    |发件人|寄件者|寄件人|差出人|送信者)
    |(?P<date>sent|sent at|date|gesendet|datum|envoyé|enviado(?: el)?|fecha|data|inviato(?: il)?|skickat|sendt|dato
    |verzonden|wysłano|отправлено|дата|lähetetty|보낸 ?(?:날짜|시간|일시)|날짜|일시|작성 ?일시?|发送时间|日期|寄件日期
    |送信日時|日時)
    |(?P<recipient>to|an|à|a|para|till|til|aan|do|кому|vastaanottaja|받는 ?사람|받은 ?사람|받는 ?이|수신|수신자
    |收件人|收件者|宛先)
    |(?P<subject>subject|betreff|objet|asunto|oggetto|assunto|ämne|emne|onderwerp|temat|тема|aihe|제목|主题|主旨|件名)
    |(?P<other>b?cc|kopie|copie|kopia|копия|(?:숨은 ?)?참조|抄送|副本|reply-to|reply to|antwort an|risposta|responder a
    |회신|importance|priority|중요도|attachments?|첨부(?: ?파일)?|organization)
    )\s*\*?\s*[:：]\*?\s*.*
    """
)
_ENDS_WITH_VERB = pattern(
    r"""
    (?:wrote|writes|has written|schrieb|schreef|geschreven|a écrit|écrit|escribi[óo]|escreveu|ha scritto|scrisse
    |napisał\(?a?\)?|написал\(?а?\)?|написав|пише|пишет|skrev|kirjoitti|napsal\(?a?\)?|írta|yazdı
    |写道|寫道|さんは書きました|のメール
    |작성|작성함|작성한 글|작성했습니다|쓴 글|썼습니다|쓰셨습니다|님의 말|님의 메시지|님이 보낸 메일|님이 보냄
    )\s*(?:[:：]|-{3,})$
    """
)
_VERB_THEN_WHO = pattern(r"(?:schrieb|skrev|schreef|heeft|kirjoitti) .{2,160}[:：]$")
# Older Gmail and others: a date and somebody, without a verb.
_WITHOUT_VERB = pattern(
    r"""
    \d{4}[-/]\d{1,2}[-/]\d{1,2} \d{1,2}:\d{2} (?:GMT|UTC)[+-]\d{1,2}:?\d{2} .{1,200}
    |\d{4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,2}\.?\s.{1,120}<[^<>\s]+@[^<>\s]+>\s*[:：]?
    |\d{4}年\s?\d{1,2}月\s?\d{1,2}日?.{1,120}<[^<>\s]+@[^<>\s]+>\s*[:：]
    """
)
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
_ENDINGS = (":", "：", "-", ">")
_DEVICE = pattern(
    r"""
    [\s<(\[*]*(?:
    sent from .{1,120}|sent via (?:mobile|my |the |a |\w+ ?(?:mail|app)).{0,60}
    |sent (?:with|by|using) (?:my |\w*mail|galaxy|samsung|sparrow|spark|superhuman).{0,80}
    |(?:get|download) (?:\[?outlook|bluemail|yahoo mail).{1,100}|from my (?:iphone|ipad|android|phone|galaxy).{0,30}
    |\S+(?: \S+)? from (?:my )?mobile
    |(?:(?:나의|내|제) )?(?:iphone|ipad|mac|galaxy|samsung|android|아이폰|아이패드|갤럭시|삼성|안드로이드
    |휴대폰|스마트폰|핸드폰|휴대전화|모바일).{0,40}?에서 (?:보냄|보냈습니다|보낸 메일입니다|전송됨|발송됨|작성함)
    |(?:네이버|naver|다음|daum|한메일|카카오|kakao|지메일|gmail|outlook|야후|yahoo).{0,30}에서\x20
    (?:보냄|보냈습니다|보낸 메일입니다|전송됨|발송됨)
    |.{0,40}(?:폰|메일|앱|outlook|모바일)에서 (?:보냄|전송됨|발송됨)
    |(?:ios|android|windows|mac)용 (?:outlook|메일|mail)(?:을\(를\)|을|를)? ?(?:다운로드|받기|가져오기).{0,60}
    |(?:ios|android|windows|mac)용 (?:outlook|메일|mail)에서 (?:보냄|보냈습니다)
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
    if not line or len(line) > _MAX_LINE or line.lstrip().startswith(">"):
        return None
    if _DIVIDER.fullmatch(line) or _BEGINS.fullmatch(line):
        return Head(start, _after_block(lines, start + 1), False)
    if (end := _block_end(lines, start)) is not None:
        return Head(start, end, False)
    if (end := _attribution_end(lines, start)) is not None:
        return Head(start, end, True)
    return None


def is_device(line: str) -> bool:
    """Whether this is the line that a phone or a mail program adds by itself ("나의 iPhone에서 보냄")."""
    return len(line) < 200 and _DEVICE.fullmatch(line) is not None


def _after_block(lines: list[str], start: int) -> int:
    """Past empty lines and a block of header lines, if one follows."""
    position = start
    while position < len(lines) and position < start + 3 and not lines[position]:
        position += 1
    if position < len(lines) and (end := _block_end(lines, position, is_announced=True)) is not None:
        return end
    return start


def _block_end(lines: list[str], start: int, *, is_announced: bool = False) -> int | None:
    """Where a block of header lines ends: a sender and two of date, recipient and subject, close together."""
    if not _FIELD.fullmatch(lines[start][:_MAX_LINE]):
        return None
    kinds: set[str] = set()
    end = start
    strangers = 0
    for index in range(start, min(start + _MAX_BLOCK, len(lines))):
        line = lines[index]
        field = _FIELD.fullmatch(line[:_MAX_LINE]) if line else None
        if field is not None:
            kinds.update(kind for kind, found in field.groupdict().items() if found is not None)
            end, strangers = index + 1, 0
        elif not line:
            if len(kinds) >= 3 or not _has_field(lines, index + 1):
                break
        else:
            strangers += 1  # a long recipient or subject runs on
            if strangers > 2:
                break
    known = kinds - {"other"}
    if "sender" in known and len(known) >= (2 if is_announced else 3):
        return end
    return None


def _has_field(lines: list[str], index: int) -> bool:
    return index < len(lines) and _FIELD.fullmatch(lines[index][:_MAX_LINE]) is not None


def _attribution_end(lines: list[str], start: int) -> int | None:
    """Where an attribution ends that begins here; it may be wrapped over some lines."""
    if not _STARTS.match(lines[start]):
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
            return index + 1 if _is_sure(joined) or _quote_follows(lines, index + 1) else None
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
    if _WITHOUT_VERB.fullmatch(joined):
        return True
    has_verb = _ENDS_WITH_VERB.search(joined) or _VERB_THEN_WHO.search(joined)
    return bool(has_verb) and bool(_DATE.search(joined) or _ADDRESS.search(joined))


def _is_sure(joined: str) -> bool:
    """An address or a time of day: people who quote from memory write neither."""
    return _ADDRESS.search(joined) is not None or _TIME.search(joined) is not None


def _quote_follows(lines: list[str], start: int) -> bool:
    following = next((line for line in lines[start : start + 4] if line), "")
    return re.match(r"\s{0,4}[>|]", following) is not None


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

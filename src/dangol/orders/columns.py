"""Which column of a file is what: proposed from the header alone, by the names that shops' exports use."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dangol.kernel.columns import ColumnsMissing as ColumnsMissing  # for who imports it from here
from dangol.kernel.columns import choose, plain_name, propose, refuse_missing

FIELDS: Final[Mapping[str, str | Promise]] = MappingProxyType(
    {
        "number": gettext_lazy("Order number"),
        "ordered_at": gettext_lazy("Time of the order"),
        "sku": gettext_lazy("Article number"),
        "item": gettext_lazy("Article"),
        "quantity": gettext_lazy("Quantity"),
        "unit_price": gettext_lazy("Price of one"),
        "line_total": gettext_lazy("Amount of the line"),
        "total": gettext_lazy("Amount of the order"),
        "tax": gettext_lazy("Tax"),
        "shipping": gettext_lazy("Shipping"),
        "discount": gettext_lazy("Discount"),
        "currency": gettext_lazy("Currency"),
        "customer_number": gettext_lazy("Customer number"),
        "name": gettext_lazy("Customer’s name"),
        "given_name": gettext_lazy("Given name"),
        "family_name": gettext_lazy("Family name"),
        "email": gettext_lazy("E-mail address"),
        "phone": gettext_lazy("Phone number"),
        "country": gettext_lazy("Country"),
        "place": gettext_lazy("Place of sale"),
        "made_by": gettext_lazy("Made by"),
        "packed_by": gettext_lazy("Packed by"),
        "promised_at": gettext_lazy("Promised for"),
        "fulfilled_at": gettext_lazy("Handed over"),
        "cancelled_at": gettext_lazy("Cancelled on"),
        "refunded": pgettext_lazy("amount", "Refunded"),
        "subscription_from": gettext_lazy("Subscription from"),
        "subscription_until": gettext_lazy("Subscription until"),
    }
)
"""What a column can be, in the order in which a page shows them."""

# The usual names, in small letters without spaces and signs. The first name of a field that a file has is taken.
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "number": """
            invoiceno invoicenumber invoice ordernumber orderno orderid order ordernr bestellnummer
            주문번호 주문서번호 주문id 거래번호
        """,
        "ordered_at": """
            invoicedate orderedat orderdate ordertime createdat datecreated purchasedate paidat
            paymentdate paiddate date time timestamp 주문일시 주문일자 주문일 주문시간 결제일시
            결제일 결제완료일 입금확인일 발주일 거래일시 날짜
        """,
        "sku": """
            stockcode sku itemsku productsku lineitemsku articlenumber articleno productcode
            itemcode itemnumber 상품코드 품목코드 자체상품코드 자체품목코드 판매자상품코드
            옵션관리코드 상품번호
        """,
        "item": """
            description itemname productname product item lineitemname title article 상품명 품목명
            주문상품명 주문상품명옵션포함 메뉴 메뉴명 제품명
        """,
        "quantity": """
            quantity qty lineitemquantity itemquantity quantityrefund count pieces 수량 주문수량
            판매수량 개수
        """,
        "unit_price": """
            unitprice price priceeach itemcost itemprice lineitemprice unitcost rate 단가 판매가
            상품가격 상품단가 가격
        """,
        "line_total": """
            linetotal lineamount itemtotal orderlinetotal ordelinetotal orderlineamount
            최종상품별총주문금액 상품별총주문금액 상품구매금액 상품주문금액 라인금액
        """,
        "total": """
            total ordertotal ordertotalamount totalprice grandtotal ordervalue amountpaid totalpaid
            amount 총결제금액 총실결제금액최초정보 총주문금액 주문총액 결제금액 총금액 실결제금액
            합계
        """,
        "tax": "tax taxes totaltax ordertotaltaxamount ordertaxamount vat taxamount 세금 부가세 세액",
        "shipping": """
            shipping shippingcost shippingtotal ordershippingamount shippingamount deliveryfee
            배송비합계 총배송비 배송비 배송료
        """,
        "discount": """
            discountamount discounttotal carddiscountamount cartdiscountamount totaldiscount
            discount 총할인금액 할인금액 할인액 할인
        """,
        "currency": "currency ordercurrency currencycode 통화 화폐 결제통화",
        "customer_number": """
            customerid customerno customernumber customer customeruserid userid clientid memberid
            membernumber 고객번호 회원번호 회원id 고객id 구매자id 주문자id 회원아이디
        """,
        "name": """
            customername buyername billingname fullname name buyer contactname 주문자명 주문자
            구매자명 구매자 고객명 이름 성함 받는분 수령인
        """,
        "given_name": "firstnamebilling billingfirstname firstname givenname",
        "family_name": "lastnamebilling billinglastname lastname familyname surname",
        "email": """
            email emailbilling billingemail customeremail emailaddress buyeremail mail 주문자이메일
            구매자이메일 이메일 메일
        """,
        "phone": """
            phonebilling billingphone phone phonenumber customerphone mobile telephone tel
            주문자휴대전화 주문자휴대폰 주문자연락처 구매자연락처 주문자전화번호 전화번호 휴대전화
            휴대폰 연락처
        """,
        "country": """
            billingcountry countrycodebilling countrynamebilling country shippingcountry 국가 나라
            배송국가
        """,
        "place": """
            location place shop store branch till placeofsale pos 지점 매장 매장명 지점명 판매처
            주문경로
        """,
        "made_by": "madeby cookedby preparedby maker cook 만든사람 조리자 조리담당 제작자 담당자",
        "packed_by": "packedby packer packed 포장자 포장담당 포장한사람",
        "promised_at": """
            promisedat promisedfor promised dueat due deliverby estimateddelivery 약속시간
            배송예정일 예정시간 희망배송일 발송기한
        """,
        "fulfilled_at": """
            fulfilledat completeddate completedat deliveredat shippedat shippingdate handedover
            배송완료일 배송시작일 발송일 발송처리일 완료일시 수령일시
        """,
        "cancelled_at": "cancelledat canceledat cancelleddate canceleddate 취소일시 취소일 취소완료일",
        "refunded": """
            refundedamount refundamount orderrefundamount totalrefunded refunded amountrefunded
            환불금액 환불액 총환불금액
        """,
        "subscription_from": "subscriptionfrom subscriptionstart periodstart 구독시작일 구독시작",
        "subscription_until": "subscriptionuntil subscriptionend periodend 구독종료일 구독종료",
    }
)
# Where an export's own words would mislead: its mark in the header, and what they mean in it.
_EXPORTS: Final[tuple[tuple[frozenset[str], Mapping[str, str]], ...]] = (
    # Shopify calls the order "Name", and "Lineitem name" what was bought.
    (
        frozenset({"lineitemname", "lineitemprice"}),
        {"number": "name", "ordered_at": "createdat", "discount": "discountamount", "name": "billingname"},
    ),
    # Smartstore: a line has a number of its own, and the buyer's id is not the shop's number of a customer.
    (
        frozenset({"상품주문번호", "주문번호"}),
        {"number": "주문번호", "line_total": "최종상품별총주문금액", "name": "구매자명"},
    ),
)


_OF_THE_ORDER: Final = frozenset(
    (
        *("ordertotal", "ordertotalamount", "grandtotal", "ordervalue"),
        *("총결제금액", "총실결제금액최초정보", "총주문금액", "주문총액"),
    )
)


def names_order_total(header: Sequence[str], columns: Mapping[str, int]) -> bool:
    """Whether the column of amounts is named so that each can only be that of a whole order."""
    place = columns.get("total")
    return place is not None and plain_name(header[place]) in _OF_THE_ORDER


def propose_columns(header: Sequence[str]) -> dict[str, int]:
    """The place of the column for each field that the header has one for, by the names that exports use."""
    found = propose(header, FIELDS, _NAMES, _EXPORTS)
    if "name" in found:
        found.pop("given_name", None)
        found.pop("family_name", None)
    return found


def choose_columns(header: Sequence[str], said: Iterable[tuple[str, str]] = ()) -> dict[str, int]:
    """The proposal with what somebody said (field, name of the column; "" for none). Refused when that is not there."""
    found = choose(header, FIELDS, propose_columns(header), said)
    check_columns(header, found)
    return found


def check_columns(header: Sequence[str], columns: Mapping[str, int]) -> None:
    """Refuse (ColumnsMissing) unless there is a number, a time, and an amount of some kind."""
    missing = [str(FIELDS[field]) for field in ("number", "ordered_at") if field not in columns]
    has_lines = {"quantity", "unit_price"} <= columns.keys()
    if not has_lines and not columns.keys() & {"total", "line_total"}:
        missing.append(_("quantity and price, or an amount"))
    refuse_missing(header, missing)

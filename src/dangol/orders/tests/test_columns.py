"""Which column is what, from the header alone."""

import pytest

from dangol.orders.columns import ColumnsMissing, choose_columns, propose_columns

ONLINE_RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Billing Name,Phone,Billing Country,Cancelled at,"
    "Refunded Amount,Location"
)
WOOCOMMERCE = (
    "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),Email (Billing),"
    "Phone (Billing),Order Total Amount,Order Shipping Amount,Order Refund Amount,SKU,Item Name,"
    "Quantity (- Refund),Item Cost"
)
CAFE24 = (
    "주문번호,품목별 주문번호,주문일시,주문자명,주문자 이메일,주문자 휴대전화,"
    "상품코드,상품명,수량,판매가,총 배송비,총 결제금액"
)
SMARTSTORE = (
    "상품주문번호,주문번호,결제일,구매자명,구매자ID,상품번호,상품명,수량,상품가격,최종 상품별 총 주문금액,"
    "배송비 합계,구매자연락처"
)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (
            ONLINE_RETAIL,
            "number=InvoiceNo sku=StockCode item=Description quantity=Quantity ordered_at=InvoiceDate "
            "unit_price=UnitPrice customer_number=CustomerID country=Country",
        ),
        (
            SHOPIFY,
            "number=Name ordered_at=Created_at email=Email currency=Currency total=Total shipping=Shipping tax=Taxes "
            "quantity=Lineitem_quantity unit_price=Lineitem_price item=Lineitem_name sku=Lineitem_sku "
            "name=Billing_Name phone=Phone country=Billing_Country cancelled_at=Cancelled_at "
            "refunded=Refunded_Amount place=Location fulfilled_at=Fulfilled_at discount=Discount_Amount",
        ),
        (
            WOOCOMMERCE,
            "number=Order_Number ordered_at=Order_Date given_name=First_Name_(Billing) "
            "family_name=Last_Name_(Billing) email=Email_(Billing) phone=Phone_(Billing) total=Order_Total_Amount "
            "shipping=Order_Shipping_Amount refunded=Order_Refund_Amount sku=SKU item=Item_Name "
            "quantity=Quantity_(-_Refund) unit_price=Item_Cost",
        ),
        (
            CAFE24,
            "number=주문번호 ordered_at=주문일시 name=주문자명 email=주문자_이메일 phone=주문자_휴대전화 sku=상품코드 "
            "item=상품명 quantity=수량 unit_price=판매가 shipping=총_배송비 total=총_결제금액",
        ),
        (
            SMARTSTORE,
            "number=주문번호 ordered_at=결제일 name=구매자명 customer_number=구매자ID sku=상품번호 item=상품명 "
            "quantity=수량 unit_price=상품가격 "
            "line_total=최종_상품별_총_주문금액 shipping=배송비_합계 phone=구매자연락처",
        ),
    ],
    ids=["online retail", "shopify", "woocommerce", "cafe24", "smartstore"],
)
def test_the_usual_exports_are_recognised(header, wanted):
    names = header.split(",")
    said = {field: names[place].replace(" ", "_") for field, place in propose_columns(names).items()}
    assert said == dict(pair.split("=", 1) for pair in wanted.split())


def test_a_column_is_proposed_for_one_field_only():
    assert propose_columns(["Order", "Date", "Total", "Customer", "Name"]) == {
        "number": 0,
        "ordered_at": 1,
        "total": 2,
        "customer_number": 3,
        "name": 4,
    }


def test_what_somebody_says_counts_more_than_what_is_proposed():
    header = ["Ref", "When", "Sum", "Order"]
    found = choose_columns(header, [("number", "ref"), ("ordered_at", "When"), ("total", "Sum")])
    assert found == {"number": 0, "ordered_at": 1, "total": 2}


def test_a_column_or_a_field_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ColumnsMissing, match=r"no column “Nummer”.*Ref, When"):
        choose_columns(["Ref", "When"], [("number", "Nummer")])
    with pytest.raises(ColumnsMissing, match="no field “nr”"):
        choose_columns(["Ref", "When"], [("nr", "Ref")])


def test_a_file_of_something_else_is_told_what_it_lacks():
    with pytest.raises(ColumnsMissing, match="Order number, Time of the order, quantity and price"):
        choose_columns(["Title", "Author"])

"""Names that people write in two ways: an own list, apart from those that matching knows."""

from __future__ import annotations

NICKNAMES = {
    long: tuple(short.split())
    for long, short in {
        "abdul": "Abdullah", "abigail": "Abby Gail", "aleksandr": "Sasha Alex",
        "alexander": "Alex Sasha Sandy Alec", "alexandra": "Alex Sandra Lexi", "allison": "Allie",
        "amanda": "Mandy", "andrew": "Andy Drew", "angela": "Angie", "anthony": "Tony", "antonio": "Tony",
        "arthur": "Art", "barbara": "Barb Babs", "benjamin": "Ben Benny", "beverly": "Bev", "bradley": "Brad",
        "brian": "Bryan", "catherine": "Cathy Kate Cathie", "charles": "Charlie Chuck",
        "christina": "Chris Tina", "christine": "Chris Tina", "christopher": "Chris Topher",
        "cynthia": "Cindy", "daniel": "Dan Danny", "david": "Dave", "deborah": "Debbie Deb",
        "dennis": "Denny", "dimitri": "Dima", "donald": "Don Donnie", "donna": "Dona",
        "dorothy": "Dot Dottie", "douglas": "Doug", "edward": "Ed Ted Eddie Ned",
        "elizabeth": "Liz Beth Betsy Eliza Lisa", "emily": "Em", "eric": "Rick", "eugene": "Gene",
        "francisco": "Paco Frank", "frank": "Frankie", "fred": "Freddie", "frederick": "Fred Rick",
        "gabriel": "Gabe", "gary": "Gar", "george": "Georgie", "gerald": "Jerry Gerry", "gregory": "Greg",
        "guillermo": "Memo", "harold": "Hal Harry", "henry": "Hank Harry", "herbert": "Herb", "jacob": "Jake",
        "jacqueline": "Jackie", "james": "Jim Jimmy Jamie", "janet": "Jan", "jeffrey": "Jeff",
        "jennifer": "Jen Jenny", "jessica": "Jess Jessie", "jesus": "Chuy", "john": "Jack Johnny Jon",
        "jonathan": "Jon Jonny", "jose": "Pepe Joe", "joseph": "Joe Joey", "joshua": "Josh", "judith": "Judy",
        "katherine": "Kathy Kate Katie Kat", "kathleen": "Kathy", "kenneth": "Ken Kenny", "kimberly": "Kim",
        "larry": "Lawrence", "laura": "Laurie", "lawrence": "Larry", "leonard": "Len Leo Lenny",
        "linda": "Lin", "luis": "Lucho", "margaret": "Maggie Meg Peggy Peg Marge", "maria": "Mari",
        "mark": "Marc", "martha": "Marty", "martin": "Marty", "mary": "Molly", "matthew": "Matt",
        "melissa": "Missy Mel", "michael": "Mike Mick Mikey", "michelle": "Shelly", "mikhail": "Misha Mike",
        "mohammed": "Mo", "nancy": "Nan", "natalia": "Natasha", "nathan": "Nate", "nicholas": "Nick",
        "nicole": "Nikki", "olga": "Olya", "pamela": "Pam", "patricia": "Pat Patty Trish Tricia",
        "patrick": "Pat", "paul": "Paulie", "peter": "Pete", "philip": "Phil", "phillip": "Phil",
        "rachel": "Rae", "rajesh": "Raj", "ralph": "Ralphie", "raymond": "Ray", "rebecca": "Becky",
        "richard": "Rick Rich Dick Richie", "robert": "Bob Rob Bobby Robbie", "roger": "Rog",
        "ronald": "Ron Ronnie", "russell": "Russ", "ryan": "Ry", "samantha": "Sam", "samuel": "Sam Sammy",
        "sandra": "Sandy", "sarah": "Sally Sara", "scott": "Scotty", "sergei": "Seryozha", "sharon": "Shari",
        "stephanie": "Steph", "stephen": "Steve", "steven": "Steve", "subramanian": "Subbu",
        "susan": "Sue Susie", "suresh": "Sury", "teresa": "Terry Tess", "terry": "Terrence",
        "theodore": "Ted Theo", "thomas": "Tom Tommy", "timothy": "Tim", "venkatesh": "Venkat",
        "victoria": "Vicky Tori", "vincent": "Vince Vinny", "virginia": "Ginny", "vladimir": "Vlad Volodya",
        "walter": "Walt Wally", "william": "Bill Will Billy Willie", "zachary": "Zach Zack",
    }.items()
}  # fmt: skip
"""What people are called, by the bare name in lower case."""

ACCENTED = {
    "Jose": "José", "Maria": "María", "Andres": "Andrés", "Sofia": "Sofía", "Rene": "René", "Andre": "André",
    "Jesus": "Jesús", "Ramon": "Ramón", "Raul": "Raúl", "Hector": "Héctor", "Oscar": "Óscar", "Monica": "Mónica",
    "Angel": "Ángel", "Martin": "Martín", "Garcia": "García", "Rodriguez": "Rodríguez", "Martinez": "Martínez",
    "Hernandez": "Hernández", "Lopez": "López", "Gonzalez": "González", "Perez": "Pérez", "Sanchez": "Sánchez",
    "Ramirez": "Ramírez", "Gomez": "Gómez", "Diaz": "Díaz", "Vazquez": "Vázquez", "Jimenez": "Jiménez",
    "Nguyen": "Nguyễn", "Tran": "Trần", "Le": "Lê", "Pham": "Phạm", "Muller": "Müller",
    "Nunez": "Núñez", "Munoz": "Muñoz", "Pena": "Peña",
}  # fmt: skip
"""Names as a source without accents has them, and as their bearers write them."""

TRANSLITERATED = {
    name: tuple(other for other in names if other.lower() != name)
    for names in (
        ("Mohammed", "Muhammad", "Mohamed", "Mohammad", "Muhammed"),
        ("Ahmed", "Ahmad"),
        ("Hussain", "Hussein", "Husain"),
        ("Hassan", "Hasan"),
        ("Youssef", "Yousef", "Yusuf"),
        ("Aleksandr", "Alexander", "Alexandr"),
        ("Sergei", "Sergey"),
        ("Dmitry", "Dmitri", "Dmitriy"),
        ("Yulia", "Julia", "Yuliya"),
        ("Natalia", "Natalya", "Nataliya"),
        ("Yuri", "Yury"),
        ("Lakshmi", "Laxmi"),
        ("Srinivas", "Shrinivas"),
        ("Sridhar", "Shridhar"),
        ("Choudhury", "Chowdhury", "Chaudhary", "Chaudhry"),
        ("Banerjee", "Banerji"),
        ("Mukherjee", "Mukherji"),
        ("Sheikh", "Shaikh"),
        ("Qureshi", "Quraishi"),
        ("Siddiqui", "Siddiqi"),
        ("Muller", "Mueller"),
        ("Schroder", "Schroeder"),
        ("Ozturk", "Oeztuerk"),
        ("Sorensen", "Soerensen"),
        ("Ivanov", "Ivanoff"),
        ("Al-Hassan", "El-Hassan"),
        ("El-Sayed", "Elsayed", "El Sayed"),
    )
    for name in (name.lower() for name in names)
}
"""Other writings of a name in Latin letters, by the bare name in lower case."""

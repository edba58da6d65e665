; The Windows installer, made by Inno Setup 6 from dist\StructMask:
;     iscc /DVersion=0.1.0 packaging\windows\structmask.iss
; It installs for the person who runs it, without administrator's rights; whoever has them may
; choose to install for everyone.

#ifndef Version
  #error Give the version: iscc /DVersion=0.1.0 structmask.iss
#endif
#ifndef Numbers
  #define Numbers Version
#endif

[Setup]
AppId={{7C1E8F0B-52A5-4C0C-9B1E-3E0C2F4A6D18}
AppName=StructMask
AppVersion={#Version}
AppVerName=StructMask {#Version}
AppPublisher=The StructMask developers
VersionInfoVersion={#Numbers}
DefaultDirName={autopf}\StructMask
DefaultGroupName=StructMask
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0
SourceDir=..\..
LicenseFile=LICENSE
SetupIconFile=build\bundle\app.ico
UninstallDisplayIcon={app}\StructMask.exe
UninstallDisplayName=StructMask
OutputDir=dist
OutputBaseFilename=StructMask-{#Version}-windows-x86_64-setup
Compression=lzma2/normal
SolidCompression=yes
WizardStyle=modern
ChangesAssociations=yes
CloseApplications=yes
; To sign: define a sign tool named "structmask" in the build machine's Inno Setup and give /DSigned.
#ifdef Signed
SignTool=structmask
SignedUninstaller=yes
#endif

[Languages]
Name: "english"; MessagesFile: "compiler:Default.isl"

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; GroupDescription: "{cm:AdditionalIcons}"; Flags: unchecked

[InstallDelete]
; Files of an older version that the new one no longer has would be loaded beside it.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "dist\StructMask\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\StructMask"; Filename: "{app}\StructMask.exe"
Name: "{autodesktop}\StructMask"; Filename: "{app}\StructMask.exe"; Tasks: desktopicon

[Registry]
; Presets belong to StructMask; for images it is one of the programs offered by "Open with".
Root: HKA; Subkey: "Software\Classes\.structmask-preset"; ValueType: string; ValueData: "StructMask.Preset"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\StructMask.Preset"; ValueType: string; ValueData: "StructMask preset"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\StructMask.Preset\DefaultIcon"; ValueType: string; ValueData: "{app}\StructMask.exe,0"
Root: HKA; Subkey: "Software\Classes\StructMask.Preset\shell\open\command"; ValueType: string; ValueData: """{app}\StructMask.exe"" ""%1"""
Root: HKA; Subkey: "Software\Classes\Applications\StructMask.exe"; ValueType: string; ValueName: "FriendlyAppName"; ValueData: "StructMask"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Applications\StructMask.exe\shell\open\command"; ValueType: string; ValueData: """{app}\StructMask.exe"" ""%1"""
Root: HKA; Subkey: "Software\Classes\Applications\StructMask.exe\SupportedTypes"; ValueType: string; ValueName: ".tif"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\StructMask.exe\SupportedTypes"; ValueType: string; ValueName: ".tiff"; ValueData: ""

[Run]
Filename: "{app}\StructMask.exe"; Description: "{cm:LaunchProgram,StructMask}"; Flags: nowait postinstall skipifsilent
